// The web chat: Ada's view of the room.

import { Composer } from "./composer.js";
import { button, byId, clock, el, following, keepingFocus, place, words } from "./dom.js";

const NAMES = { assistant: "Robin", sms: "Text message", desk: "Maya", system: "Desk" };
const ROLES = { assistant: "assistant", desk: "expert", sms: "by text message" };
const DOES = { typing: "is writing", thinking: "is thinking", tools: "is looking something up" };
const LAST = 1e9; // what is not stored yet comes after what is

export class Chat {
  #socket;
  #composer;
  #log = byId("chat-log");
  #doingLine = byId("chat-doing");
  /** @type {string | null} */
  #own = null;
  #names = new Map();
  #items = new Map(); // event id → list item
  #pending = new Map(); // frame id → list item
  #streams = new Map(); // id of an answer that is being written → its channel
  #doing = new Map(); // participant id → what they do
  #count = 0;
  #lastRead = "";

  /** @param {import("./roomsocket.js").RoomSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    const on = (name, handler) => {
      const change = (detail) => keepingFocus(this.#log, () => handler(detail));
      socket.addEventListener(name, ({ detail }) => following(this.#log, () => change(detail)));
    };
    on("ready", (frame) => this.#begin(frame));
    on("event", (frame) => this.#show(frame.event));
    on("ack", (frame) => this.#acknowledge(frame));
    on("error", (frame) => this.#refuse(frame));
    on("stream_start", (frame) => this.#startStream(frame));
    on("stream_chunk", (frame) => this.#growStream(frame));
    on("stream_end", (frame) => this.#endStream(frame));
    on("typing", (frame) => this.#does(frame.participant_id, "typing", frame.is_typing));
    on("thinking", (frame) => this.#does(frame.participant_id, "thinking", frame.is_thinking));
    on("tools", (frame) => this.#does(frame.participant_id, "tools", frame.is_running));
    on("read", (frame) => this.#showRead(frame));
    on("presence", (frame) => {
      if (frame.status === "offline") this.#does(frame.participant_id, "typing", false);
    });
    this.#composer = new Composer("chat-form", {
      say: (text) => this.say(text),
      edit: (id, text) => socket.edit(id, text),
      typing: (isTyping) => socket.typing(isTyping),
    });
    document.addEventListener("visibilitychange", () => this.#read());
  }

  /** @param {string} text */
  say(text) {
    const id = this.#socket.say(text);
    this.#count += 1;
    const item = this.#bubble({ mine: true, who: "You", text, at: new Date().toISOString() });
    item.classList.add("pending");
    this.#pending.set(id, item);
    place(this.#log, item, 2 * LAST + this.#count);
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #begin(frame) {
    this.#own = frame.participant.id;
    this.#names = new Map(frame.participants.map((one) => [one.id, one.display_name]));
    if (!frame.resumed) this.#forget();
    // An answer that was being written when the connection broke comes as a whole.
    this.#streams.forEach((_, id) => this.#endStream({ stream_id: id, event: null }));
    this.#doing.clear();
    this.#showDoing();
    if (frame.resumed) this.#markMissed(frame.events);
    frame.events.forEach((event) => this.#show(event));
    this.#read();
  }

  #markMissed(events) {
    const missed = events.find((one) => one.type === "message" && one.sender !== this.#own);
    if (!missed) return;
    this.#log.querySelector(".missed")?.remove();
    place(this.#log, el("li", "note missed", "While the connection was lost"), missed.index - 0.5);
  }

  #forget() {
    const isNew = this.#items.size > 0;
    this.#items.forEach((item) => item.remove());
    this.#items.clear();
    this.#streams.clear();
    this.#log.querySelectorAll(".refused, .note").forEach((item) => item.remove());
    if (isNew) {
      const text = "The desk was started anew: this is a new conversation.";
      place(this.#log, el("li", "note", text), -1);
    }
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
      id: event.deleted ? null : event.id,
      mine: event.sender !== null && event.sender === this.#own,
      who: this.#nameOf(event.sender, event.channel_id),
      channel: event.channel_id,
      text: words(event.content),
      at: event.created_at,
    });
    if (event.edited) item.classList.add("edited");
    if (event.deleted) item.classList.add("deleted");
    item.dataset.id = event.id;
    known?.remove();
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
    if (!isEdit) item.querySelector(".actions")?.remove();
  }

  #acknowledge(frame) {
    if (frame.event) this.#show(frame.event);
    else this.#refuse(frame);
  }

  #refuse(frame) {
    const item = this.#pending.get(frame.id);
    if (item) this.#turnDown(item, frame);
    else if (frame.id) this.#tell(`Not changed: ${frame.reason}`);
  }

  // Comes behind all that is stored by now, and before what will be.
  #tell(text) {
    const orders = [...this.#log.children].map((one) => Number(one.dataset.order));
    const end = Math.max(-1, ...orders.filter((order) => order < LAST));
    place(this.#log, el("li", "note", text), end + 0.5);
  }

  #turnDown(item, frame) {
    this.#pending.delete(frame.id);
    item.classList.replace("pending", "refused");
    item.append(el("p", "reason", `Not sent: ${frame.reason}`));
    if (typeof frame.index === "number") place(this.#log, item, frame.index);
  }

  // An answer gets its bubble with its first words; until then its author is thinking.
  #startStream(frame) {
    this.#streams.set(frame.stream_id, frame.channel_id);
    this.#showDoing();
  }

  #growStream(frame) {
    if (!this.#streams.has(frame.stream_id)) return;
    const item = this.#items.get(frame.stream_id) ?? this.#newStream(frame.stream_id);
    if (item.classList.contains("streaming")) item.querySelector(".text").append(frame.delta);
  }

  #newStream(id) {
    const channel = this.#streams.get(id);
    const who = this.#nameOf(null, channel);
    const item = this.#bubble({ who, channel, text: "", at: new Date().toISOString() });
    item.classList.add("streaming");
    item.setAttribute("aria-live", "off"); // read out when it is complete, not word by word
    this.#items.set(id, item);
    this.#count += 1;
    place(this.#log, item, LAST + this.#count);
    this.#showDoing();
    return item;
  }

  #endStream(frame) {
    this.#streams.delete(frame.stream_id);
    this.#showDoing();
    if (frame.event) {
      this.#show(frame.event);
      return;
    }
    const item = this.#items.get(frame.stream_id);
    if (!item?.classList.contains("streaming")) return;
    item.remove();
    this.#items.delete(frame.stream_id);
  }

  #bubble({ id = null, mine = false, who, channel = "web", text, at }) {
    const role = mine ? "" : el("span", "role", ROLES[channel] ?? "");
    const head = el("p", "who", el("span", "name", who), role, el("time", "", clock(at)));
    const said = el("p", "text", text);
    const item = el("li", mine ? "bubble mine" : "bubble", head, said);
    item.dataset.channel = channel;
    if (id && mine) item.append(this.#actions(id, said));
    return item;
  }

  #actions(id, said) {
    said.id = `said-${id}`;
    const edit = button("link", "Edit", () => this.#composer.startEditing(id, said.textContent));
    const withdraw = button("link", "Delete", () => this.#socket.withdraw(id));
    for (const one of [edit, withdraw]) {
      one.setAttribute("aria-describedby", said.id);
      one.dataset.control = `${one.textContent} ${id}`;
    }
    return el("p", "actions", edit, withdraw);
  }

  #nameOf(sender, channel) {
    if (sender !== null && sender === this.#own) return "You";
    return this.#names.get(sender) ?? NAMES[channel] ?? channel;
  }

  #does(who, what, isOn) {
    if (isOn) this.#doing.set(who, what);
    else if (this.#doing.get(who) === what) this.#doing.delete(who);
    this.#showDoing();
  }

  #showDoing() {
    const silent = [...this.#streams].filter(([id]) => !this.#items.has(id));
    const thinking = silent.map(([, channel]) => [channel, "thinking"]);
    const lines = [...new Map([...thinking, ...this.#doing])].map(([who, what]) => {
      const name = this.#names.get(who) ?? NAMES[who] ?? (who.startsWith("maya-") ? "Maya" : who);
      return `${name} ${DOES[what]}`;
    });
    this.#doingLine.textContent = lines.join(" and ");
  }

  #showRead(frame) {
    const item = this.#items.get(frame.event_id);
    if (!item || frame.participant_id === this.#own) return;
    const own = [...this.#log.querySelectorAll(".mine[data-id]")];
    const read = own.filter((one) => Number(one.dataset.order) <= Number(item.dataset.order));
    this.#log.querySelector(".seen")?.remove();
    read.at(-1)?.append(el("p", "seen", "Read by the desk"));
  }

  // Tells how far Ada has read, while she looks.
  #read() {
    if (document.visibilityState !== "visible") return;
    const others = [...this.#log.querySelectorAll(".bubble[data-id]:not(.mine)")];
    const last = others.at(-1)?.dataset.id;
    if (!last || last === this.#lastRead) return;
    if (this.#socket.read(last)) this.#lastRead = last;
  }
}
