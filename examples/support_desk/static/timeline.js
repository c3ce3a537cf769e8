// The timeline: every row that the room stores, with what became of it, as it happens.

import { clock, el, following, place } from "./dom.js";

const NOTICES = new Set([
  "channel_attached",
  "channel_detached",
  "participant_joined",
  "participant_left",
  "participant_identified",
]);
const LAST = 1e9;

export class Timeline {
  #log = document.getElementById("timeline-log");
  #rows = new Map();
  #streams = new Map();
  #names = new Map();
  #typing = new Map();
  #read = null;
  #count = 0;

  reset(frame) {
    this.#log.replaceChildren();
    this.#rows.clear();
    this.#streams.clear();
    this.#typing.clear();
    this.#names = new Map([[frame.number, "Ben"], ["assistant", "Robin"]]);
  }

  take(frame) {
    following(this.#log, () => {
      switch (frame.type) {
        case "row":
          this.#show(frame.row);
          break;
        case "stream_start":
          this.#streams.set(frame.id, this.#stream(frame.channel));
          break;
        case "stream_chunk":
          this.#growStream(frame);
          break;
        case "stream_end":
          this.#endStream(frame.id);
          break;
        case "typing_start":
        case "typing_stop":
          this.#showTyping(frame.who, frame.type === "typing_start");
          break;
        case "read_receipt":
          this.#showRead(frame.data.event_id);
          break;
      }
    });
  }

  #show(row) {
    this.#endStream(row.id);
    const item = NOTICES.has(row.type) ? this.#notice(row) : this.#event(row);
    item.dataset.id = row.id;
    this.#rows.get(row.id)?.remove();
    this.#rows.set(row.id, item);
    place(this.#log, item, row.index);
    if (this.#read === row.id) this.#showRead(row.id);
  }

  #notice(row) {
    const subject = this.#nameOf(row.subject, row.channel);
    const text = row.type === "participant_joined" ? `${subject} joined.` : row.text;
    return el("li", "row notice", el("span", "index", `${row.index}`), el("p", "text", text));
  }

  #event(row) {
    const head = el(
      "p",
      "who",
      el("span", "", this.#nameOf(row.who, row.channel)),
      badge(row.channel),
      row.type === "message" ? "" : el("span", "kind", row.type),
      el("time", "", clock(row.at)),
    );
    const item = el("li", "row", el("span", "index", `${row.index}`), head, el("p", "text", row.text));
    item.dataset.channel = row.channel;
    item.dataset.status = row.status;
    if (row.status === "blocked") {
      item.append(el("p", "reason", `Blocked by ${row.blocked_by}: ${row.reason}`));
    } else if (row.deliveries.length) {
      item.append(el("p", "deliveries", ...row.deliveries.map(delivery)));
    }
    return item;
  }

  #stream(channel) {
    const head = el("p", "who", el("span", "", this.#nameOf(channel, channel)), badge(channel));
    return el("li", "row streaming", el("span", "index", "…"), head, el("p", "text"));
  }

  #growStream(frame) {
    const item = this.#streams.get(frame.id);
    if (!item) return;
    if (!item.isConnected) {
      this.#count += 1;
      place(this.#log, item, LAST + this.#count);
    }
    item.querySelector(".text").append(frame.delta);
  }

  #endStream(id) {
    this.#streams.get(id)?.remove();
    this.#streams.delete(id);
  }

  #showTyping(who, isTyping) {
    this.#typing.get(who)?.remove();
    this.#typing.delete(who);
    if (!isTyping) return;
    const text = `${this.#nameOf(who, "web")} is writing`;
    const item = el("li", "row live", el("span", "index", "…"), el("p", "text", text));
    this.#typing.set(who, item);
    place(this.#log, item, 2 * LAST);
  }

  #showRead(eventId) {
    this.#log.querySelector(".read")?.remove();
    this.#read = eventId;
    this.#rows.get(eventId)?.querySelector(".deliveries")?.append(el("span", "chip read", "read by Ada"));
  }

  #nameOf(who, channel) {
    return this.#names.get(who) ?? (channel === "web" ? "Ada" : channel);
  }
}

function badge(channel) {
  const node = el("span", "badge", channel);
  node.dataset.channel = channel;
  return node;
}

function delivery(result) {
  const outcome = result.success ? result.status ?? "delivered" : result.error ?? "failed";
  const chip = el("span", "chip", `${result.channel}: ${outcome}`);
  chip.dataset.success = result.success;
  return chip;
}
