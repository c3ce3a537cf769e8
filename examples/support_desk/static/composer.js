// A field to write in: Enter sends, Shift+Enter begins a line, it grows with what is in it, tells
// that somebody types, and takes an earlier message to be written anew.

import { button, byId, el } from "./dom.js";

const TYPING_SECONDS = 4;

/**
 * @typedef {object} ComposerActions
 * @property {(text: string) => void} say
 * @property {(eventId: string, text: string) => void} edit
 * @property {(isTyping: boolean) => void} typing
 */

export class Composer {
  #form;
  #input;
  #actions;
  /** @type {{id: string, bar: HTMLElement} | null} */
  #editing = null;
  #isTyping = false;
  #timer = 0;

  /**
   * @param {string} formId of a form with one textarea in it
   * @param {ComposerActions} actions
   */
  constructor(formId, actions) {
    this.#form = /** @type {HTMLFormElement} */ (byId(formId));
    this.#input = /** @type {HTMLTextAreaElement} */ (this.#form.querySelector("textarea"));
    this.#actions = actions;
    this.#form.addEventListener("submit", (submission) => {
      submission.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener("keydown", (key) => {
      if (key.key === "Escape") this.#stopEditing();
      if (key.key !== "Enter" || key.shiftKey || key.isComposing) return;
      key.preventDefault();
      this.#form.requestSubmit();
    });
    this.#input.addEventListener("input", () => {
      this.#fit();
      this.#setTyping(this.#input.value !== "");
    });
  }

  /**
   * Takes a message that was sent, to be changed.
   * @param {string} id
   * @param {string} text
   */
  startEditing(id, text) {
    this.#stopEditing();
    const cancel = button("link", "Cancel", () => this.#stopEditing());
    const bar = el("p", "editing", el("span", "", "Editing a message"), cancel);
    this.#editing = { id, bar };
    this.#form.before(bar);
    this.#input.value = text;
    this.#fit();
    this.#input.focus();
  }

  #stopEditing() {
    if (!this.#editing) return;
    this.#editing.bar.remove();
    this.#editing = null;
    this.#clear();
  }

  #submit() {
    const text = this.#input.value;
    if (!text.trim()) return;
    const editing = this.#editing;
    this.#stopEditing();
    this.#clear();
    if (editing) this.#actions.edit(editing.id, text);
    else this.#actions.say(text);
  }

  #clear() {
    this.#input.value = "";
    this.#fit();
    this.#setTyping(false);
  }

  #fit() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(this.#input.scrollHeight + 2, 140)}px`;
  }

  #setTyping(isTyping) {
    clearTimeout(this.#timer);
    if (isTyping) this.#timer = setTimeout(() => this.#setTyping(false), TYPING_SECONDS * 1000);
    if (isTyping !== this.#isTyping) this.#actions.typing(isTyping);
    this.#isTyping = isTyping;
  }
}
