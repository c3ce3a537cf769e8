// The telephones. They know nothing of rooms: they send and receive text messages.

import { ask, button, byId, clock, el, following } from "./dom.js";

/** @typedef {import("./types.js").Telephone} Telephone */
/** @typedef {import("./types.js").TextMessage} TextMessage */

export class Phones {
  #log = byId("phone-log");
  #choice = byId("phone-choice");
  #input = /** @type {HTMLInputElement} */ (byId("phone-input"));
  /** @type {Telephone[]} */
  #telephones = [];
  /** @type {Map<string, Map<string, TextMessage>>} messages by number and id */
  #messages = new Map();
  #number = "";
  #items = new Map();
  #off = /** @type {HTMLInputElement} */ (byId("phone-off"));
  /** @type {Set<string>} the numbers of those that are switched off */
  #silent = new Set();

  constructor() {
    this.#off.addEventListener("change", () => this.#switch(this.#number, !this.#off.checked));
    byId("phone-form").addEventListener("submit", (submission) => {
      submission.preventDefault();
      this.#send(this.#input.value.trim());
    });
  }

  /**
   * These telephones are on the page. Those that were there before keep what is on them.
   * @param {Telephone[]} telephones
   */
  reset(telephones) {
    this.#silent = new Set(telephones.filter((one) => !one.on).map((one) => one.number));
    this.#off.checked = this.#silent.has(this.#number);
    if (telephones[0]?.number === this.#telephones[0]?.number) return;
    this.#telephones = telephones;
    this.#messages = new Map(telephones.map((one) => [one.number, new Map()]));
    this.#choice.replaceChildren(
      el("legend", "hidden", "Whose telephone"),
      ...telephones.map((one) => this.#option(one)),
    );
    this.#select(telephones[0]);
  }

  /**
   * @param {string} number
   * @param {TextMessage} message
   */
  show(number, message) {
    const messages = this.#messages.get(number);
    if (!messages) return;
    const isNew = !messages.has(message.id);
    messages.set(message.id, message);
    if (number === this.#number) following(this.#log, () => this.#draw(message));
    else if (isNew) this.#label(number)?.classList.add("news");
  }

  /** @param {Telephone} telephone */
  #option(telephone) {
    const radio = /** @type {HTMLInputElement} */ (el("input"));
    radio.type = "radio";
    radio.name = "telephone";
    radio.value = telephone.number;
    radio.checked = telephone === this.#telephones[0];
    radio.addEventListener("change", () => this.#select(telephone));
    return el("label", "", radio, el("span", "", telephone.owner.split(" ")[0]));
  }

  #label(number) {
    return this.#choice.querySelector(`input[value="${number}"]`)?.parentElement;
  }

  /** @param {Telephone} telephone */
  #select(telephone) {
    const { number, owner, customer_number: customerNumber } = telephone;
    this.#number = number;
    this.#off.checked = this.#silent.has(number);
    this.#label(number)?.classList.remove("news");
    byId("phone-owner").textContent = owner;
    byId("phone-about").textContent = customerNumber ? `, customer ${customerNumber}` : ", on the road";
    this.#log.dataset.empty = customerNumber
      ? "The desk does not know this telephone. Write something, and see what it asks."
      : "Ben is in Ada's conversation: what is written there arrives here.";
    byId("phone-number").textContent = number.replace(/^\+1(\d{3})(\d{3})(\d+)$/, "+1 $1 $2 $3");
    const hints = ["Where is order 4712?", customerNumber ?? "When are you open?"];
    byId("phone-hints").replaceChildren(
      ...hints.map((text) => button("hint", text, () => this.#send(text))),
    );
    this.#log.replaceChildren();
    this.#items.clear();
    this.#messages.get(number)?.forEach((message) => this.#draw(message));
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** @param {TextMessage} message */
  #draw(message) {
    const mine = message.direction === "out";
    const state = message.state === "received" ? "" : el("span", "state", message.state);
    const foot = el("p", "who", el("time", "", clock(message.at)), state);
    const item = el("li", mine ? "bubble mine" : "bubble", el("p", "text", message.body), foot);
    item.dataset.id = message.id;
    item.classList.toggle("refused", /^(not|refused)/.test(message.state));
    const known = this.#items.get(message.id);
    if (known) known.replaceWith(item);
    else this.#log.append(item);
    this.#items.set(message.id, item);
  }

  /**
   * @param {string} number
   * @param {boolean} on
   */
  async #switch(number, on) {
    try {
      await ask("POST", "/telephone/switch", { number, on });
      if (on) this.#silent.delete(number);
      else this.#silent.add(number);
    } catch {
      byId("phone-problem").textContent = "That did not work: no network.";
    }
    this.#off.checked = this.#silent.has(this.#number);
  }

  /** @param {string} body */
  async #send(body) {
    if (!body) return;
    if (this.#input.value.trim() === body) this.#input.value = "";
    byId("phone-problem").textContent = "";
    try {
      await ask("POST", "/telephone", { number: this.#number, body });
    } catch {
      this.#input.value ||= body;
      byId("phone-problem").textContent = "Not sent: no network.";
    }
  }
}
