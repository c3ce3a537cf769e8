// The web chat: Ada's view of the room.

import { clock, el, following, place, words } from "./dom.js";

const NAMES = { assistant: "Robin, assistant", sms: "Text message", system: "Desk" };
const LAST = 1e9; // what is not stored yet comes after what is

export class Chat {
  #socket;
  #log = document.getElementById("chat-log");
  #typingLine = document.getElementById("chat-typing");
  #input = document.getElementById("chat-input");
  #own = null;
  #names = new Map();
  #items = new Map(); // event id → list item
  #pending = new Map(); // frame id → list item
  #streams = new Map(); // id of an answer that is being written → its channel
  #typists = new Set();
  #isTyping = false;
  #typingTimer = null;
  #count = 0;

  constructor(socket) {
    this.#socket = socket;
    const on = (name, handler) =>
      socket.addEventListener(name, ({ detail }) => following(this.#log, () => handler(detail)));
    on("ready", (frame) => this.#begin(frame));
    on("event", (frame) => this.#show(frame.event));
    on("ack", (frame) => this.#acknowledge(frame));
    on("error", (frame) => this.#refuse(frame));
    on("stream_start", (frame) => this.#streams.set(frame.stream_id, frame.channel_id));
    on("stream_chunk", (frame) => this.#growStream(frame));
    on("stream_end", (frame) => this.#endStream(frame));
    on("typing", (frame) => this.#showTyping(frame.participant_id, frame.is_typing));
    on("presence", (frame) => {
      if (frame.status === "offline") this.#showTyping(frame.participant_id, false);
    });
    this.#bindComposer();
  }

  #bindComposer() {
    const form = document.getElementById("chat-form");
    form.addEventListener("submit", (submission) => {
      submission.preventDefault();
      this.say(this.#input.value);
      this.#input.value = "";
      this.#fit();
    });
    this.#input.addEventListener("keydown", (key) => {
      if (key.key === "Enter" && !key.shiftKey && !key.isComposing) {
        key.preventDefault();
        form.requestSubmit();
      }
    });
    this.#input.addEventListener("input", () => {
      this.#fit();
      this.#setTyping(this.#input.value !== "");
    });
  }

  #fit() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(this.#input.scrollHeight, 140)}px`;
  }

  #setTyping(isTyping) {
    clearTimeout(this.#typingTimer);
    if (isTyping) this.#typingTimer = setTimeout(() => this.#setTyping(false), 4000);
    if (isTyping !== this.#isTyping) this.#socket.typing(isTyping);
    this.#isTyping = isTyping;
  }

  say(text) {
    if (!text.trim()) return;
    this.#setTyping(false);
    const id = this.#socket.say(text);
    this.#count += 1;
    const item = this.#bubble({ mine: true, who: "You", text, at: new Date().toISOString() });
    item.classList.add("pending");
    this.#pending.set(id, item);
    place(this.#log, item, LAST + this.#count);
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #begin(frame) {
    this.#own = frame.participant.id;
    this.#names = new Map(frame.participants.map((one) => [one.id, one.display_name]));
    if (!frame.resumed) {
      const isNew = this.#items.size > 0;
      this.#items.forEach((item) => item.remove());
      this.#items.clear();
      this.#streams.clear();
      this.#log.querySelectorAll(".refused, .note").forEach((item) => item.remove());
      if (isNew) this.#note("The desk was started anew: this is a new conversation.");
    }
    this.#typists.clear();
    this.#showTypists();
    frame.events.forEach((event) => this.#show(event));
    this.#read();
  }

  #note(text) {
    place(this.#log, el("li", "note", text), -1);
  }

  #show(event) {
    if (event.type === "edit" || event.type === "delete") {
      this.#revise(event);
      return;
    }
    this.#pending.get(event.client_id)?.remove();
    this.#pending.delete(event.client_id);
    const known = this.#items.get(event.id);
    const item = this.#bubble({
      mine: event.sender !== null && event.sender === this.#own,
      who: this.#nameOf(event.sender, event.channel_id),
      channel: event.channel_id,
      text: words(event.content),
      at: event.created_at,
    });
    if (event.edited) item.classList.add("edited");
    if (event.deleted) item.classList.add("deleted");
    item.dataset.id = event.id;
    if (known) known.replaceWith(item);
    this.#items.set(event.id, item);
    place(this.#log, item, event.index);
    this.#read();
  }

  #revise(event) {
    const item = this.#items.get(event.content.target_event_id);
    if (!item) return;
    const isEdit = event.type === "edit";
    item.classList.add(isEdit ? "edited" : "deleted");
    item.querySelector(".text").textContent = isEdit ? words(event.content) : "[Message deleted]";
  }

  #acknowledge(frame) {
    const item = this.#pending.get(frame.id);
    if (frame.event) {
      this.#show(frame.event);
    } else if (item) {
      this.#pending.delete(frame.id);
      item.classList.replace("pending", "refused");
      item.append(el("p", "reason", `Not sent: ${frame.reason}`));
      if (frame.index !== null) place(this.#log, item, frame.index);
    }
  }

  #refuse(frame) {
    const item = this.#pending.get(frame.id);
    if (!item) return;
    this.#pending.delete(frame.id);
    item.classList.replace("pending", "refused");
    item.append(el("p", "reason", `Not sent: ${frame.reason}`));
  }

  // An answer gets its bubble with its first words; until then its author is writing.
  #growStream(frame) {
    const item = this.#items.get(frame.stream_id) ?? this.#newStream(frame.stream_id);
    if (item.classList.contains("streaming")) item.querySelector(".text").append(frame.delta);
  }

  #newStream(id) {
    const channel = this.#streams.get(id) ?? "";
    const who = this.#nameOf(null, channel);
    const item = this.#bubble({ who, channel, text: "", at: new Date().toISOString() });
    item.classList.add("streaming");
    this.#items.set(id, item);
    this.#count += 1;
    place(this.#log, item, LAST + this.#count);
    return item;
  }

  #endStream(frame) {
    this.#streams.delete(frame.stream_id);
    if (frame.event) {
      this.#show(frame.event);
      return;
    }
    this.#items.get(frame.stream_id)?.remove();
    this.#items.delete(frame.stream_id);
  }

  #bubble({ mine = false, who, channel = "web", text, at }) {
    const head = el("p", "who", el("span", "", who), el("time", "", clock(at)));
    const item = el("li", mine ? "bubble mine" : "bubble", head, el("p", "text", text));
    item.dataset.channel = channel;
    return item;
  }

  #nameOf(sender, channel) {
    if (sender !== null && sender === this.#own) return "You";
    const name = this.#names.get(sender);
    return name ? `${name}, ${channel === "sms" ? "by text message" : channel}` : NAMES[channel] ?? channel;
  }

  #showTyping(who, isTyping) {
    if (isTyping) this.#typists.add(who);
    else this.#typists.delete(who);
    this.#showTypists();
  }

  #showTypists() {
    const names = [...this.#typists].map((who) => (who === "assistant" ? "Robin" : this.#names.get(who) ?? who));
    this.#typingLine.textContent = names.length ? `${names.join(" and ")} is writing` : "";
  }

  // Tells how far Ada has read, while she looks.
  #read() {
    if (document.visibilityState !== "visible") return;
    const others = [...this.#items.values()].filter((item) => item.dataset.id && !item.matches(".mine"));
    const last = others.reduce(
      (newest, item) => (!newest || Number(item.dataset.order) > Number(newest.dataset.order) ? item : newest),
      null,
    );
    if (last && last.dataset.id !== this.lastRead) {
      this.lastRead = last.dataset.id;
      this.#socket.read(last.dataset.id);
    }
  }
}
