// The timeline of one room: every row that is stored, with what became of it, and between the rows
// what is not stored: thoughts, tool calls, answers that are being written, who types.

import { button, byId, clock, el, following, keepingFocus, place } from "./dom.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {import("./types.js").RoomState} RoomState */

const LAST = 1e9;
const NAMES = { assistant: "Robin", desk: "Desk", system: "Desk", sms: "Somebody", web: "Somebody" };
const NOTICES = { participant_joined: "joined", participant_identified: "was identified" };
const REVISIONS = { edit: "changed", delete: "deleted" };
const SAID = new Set(["message", "system", ...Object.keys(REVISIONS)]);

/**
 * @typedef {object} TimelineActions
 * @property {(row: Row) => void} edit
 * @property {(row: Row) => void} withdraw
 */

export class Timeline {
  #log = byId("timeline-log");
  #announcer = byId("timeline-announcer");
  #actions;
  /** @type {Map<string, {row: Row, item: HTMLElement, json: string}>} */
  #rows = new Map();
  #traces = new Map();
  #streams = new Map();
  #typing = new Map();
  /** @type {RoomState | null} */
  #state = null;
  #people = new Map();
  #own = "";
  #count = 0;

  /** @param {TimelineActions} actions */
  constructor(actions) {
    this.#actions = actions;
  }

  /** The index after the newest row. */
  get seen() {
    return Math.max(-1, ...[...this.#rows.values()].map(({ row }) => row.index)) + 1;
  }

  /** The index of the oldest row. */
  get oldest() {
    return Math.min(...[...this.#rows.values()].map(({ row }) => row.index));
  }

  /** The newest message of somebody else. @returns {Row | undefined} */
  get newest() {
    const others = [...this.#rows.values()].map(({ row }) => row);
    return others
      .filter((row) => row.type === "message" && row.status !== "blocked" && row.who !== this.#own)
      .sort((one, other) => one.index - other.index)
      .at(-1);
  }

  /** @param {string} expertId the participant that the person at the console is */
  clear(expertId) {
    this.#own = expertId;
    this.#log.replaceChildren();
    this.#rows.clear();
    this.#forgetLive();
  }

  /**
   * A room, or what was missed of it.
   * @param {{resumed: boolean, rows: Row[], state: RoomState, live: import("./types.js").Live}} frame
   */
  open({ resumed, rows, state, live }) {
    if (!resumed) this.clear(this.#own);
    this.#forgetLive();
    this.update(state);
    following(this.#log, () => {
      if (resumed) this.#markMissed(rows.filter((row) => row.index >= this.seen));
      rows.forEach((row) => this.#show(row));
      this.#showReadMarks();
      live.traces.forEach((trace) => this.#trace(trace));
      live.typing.forEach((who) => this.#showTyping(who, true));
      live.streams.forEach(({ id, channel, text }) => {
        this.#startStream(id, channel);
        if (text) this.#growStream({ id, delta: text });
      });
    });
    if (!resumed) this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** @param {Row[]} rows */
  add(rows) {
    const end = this.seen;
    following(this.#log, () => rows.forEach((row) => this.#show(row)));
    rows.filter((row) => row.index >= end).forEach((row) => this.#announce(row));
    this.#showReadMarks();
  }

  /** @param {Row[]} rows from before the oldest one */
  prepend(rows) {
    const fromEnd = this.#log.scrollHeight - this.#log.scrollTop;
    rows.forEach((row) => this.#show(row));
    this.#showReadMarks();
    this.#log.scrollTop = this.#log.scrollHeight - fromEnd;
  }

  /** @param {RoomState} state */
  update(state) {
    this.#state = state;
    const people = JSON.stringify(state.people);
    if (JSON.stringify([...this.#people.values()]) !== people) {
      this.#people = new Map(state.people.map((one) => [one.id, one]));
      this.#rows.forEach(({ row }) => this.#draw(row));
    }
    this.#showReadMarks();
  }

  /** A live frame. @param {any} frame */
  take(frame) {
    following(this.#log, () => {
      switch (frame.type) {
        case "trace":
          this.#trace(frame.trace);
          break;
        case "stream_start":
          this.#startStream(frame.id, frame.channel);
          break;
        case "stream_chunk":
          this.#growStream(frame);
          break;
        case "stream_end":
          this.#endStream(frame.id);
          break;
        case "typing":
          this.#showTyping(frame.who, frame.is_typing);
          break;
      }
    });
  }

  /** @param {Row[]} missed */
  #markMissed(missed) {
    if (!missed.length) return;
    this.#log.querySelector(".missed")?.remove();
    const text = el("p", "text", "While the connection was lost");
    const item = el("li", "row notice missed", el("span", "index", "↓"), text);
    place(this.#log, item, missed[0].index - 0.5);
    this.#announcer.textContent = `${missed.length} new rows while the connection was lost`;
  }

  #forgetLive() {
    [...this.#traces.values(), ...this.#streams.values(), ...this.#typing.values()].forEach((item) =>
      item.remove(),
    );
    this.#traces.clear();
    this.#streams.clear();
    this.#typing.clear();
  }

  /** @param {Row} row */
  #show(row) {
    if (this.#rows.get(row.id)?.json === JSON.stringify(row)) return;
    this.#endStream(row.id);
    this.#draw(row);
  }

  /** @param {Row} row */
  #draw(row) {
    const item = SAID.has(row.type) ? this.#event(row) : this.#notice(row);
    item.dataset.id = row.id;
    keepingFocus(this.#log, () => {
      this.#rows.get(row.id)?.item.remove();
      this.#rows.set(row.id, { row, item, json: JSON.stringify(row) });
      place(this.#log, item, row.index);
    });
  }

  // One line for screen readers; the rows themselves are too much to be read out.
  /** @param {Row} row */
  #announce(row) {
    if (row.type !== "message") return;
    const blocked = row.status === "blocked" ? `, blocked: ${row.reason}` : "";
    this.#announcer.textContent = `${this.#nameOf(row.who, row.channel)}: ${row.text}${blocked}`;
  }

  /** @param {Row} row */
  #notice(row) {
    const subject = this.#nameOf(row.subject, row.channel);
    const text = row.type in NOTICES ? `${subject} ${NOTICES[row.type]}.` : row.text;
    return el("li", "row notice", el("span", "index", `${row.index}`), el("p", "text", text));
  }

  /** @param {Row} row */
  #event(row) {
    const tags = [
      row.type in REVISIONS ? `${REVISIONS[row.type]} ${this.#numberOf(row.target)}` : "",
      row.visibility === "desk" ? "note for the desk" : "",
      row.edited ? "edited" : "",
      row.deleted ? "deleted" : "",
    ].filter(Boolean);
    const head = el(
      "p",
      "who",
      el("span", "", this.#nameOf(row.who, row.channel)),
      badge(row.channel),
      ...tags.map((tag) => el("span", "kind", tag)),
      el("time", "", clock(row.at)),
    );
    const index = el("span", "index", `${row.index}`);
    const item = el("li", "row", index, head, el("p", "text", row.text));
    item.dataset.channel = row.channel;
    item.dataset.status = row.status;
    item.dataset.visibility = row.visibility;
    if (row.status === "blocked") {
      item.append(el("p", "reason", `Blocked by ${row.blocked_by}: ${row.reason}`));
    } else if (row.deliveries.length) {
      item.append(el("p", "deliveries", ...row.deliveries.map(delivery)));
    }
    const actions = this.#actionsFor(row);
    if (actions.length) item.append(el("p", "actions", ...actions));
    return item;
  }

  /** @param {Row} row */
  #actionsFor(row) {
    if (row.type !== "message" || row.status === "blocked" || row.deleted) return [];
    const about = `message ${row.index}`;
    const withdraw = button("link", "Delete", () => this.#actions.withdraw(row), `Delete ${about}`);
    if (row.who !== this.#own) return [withdraw];
    return [button("link", "Edit", () => this.#actions.edit(row), `Edit ${about}`), withdraw];
  }

  /** @param {Trace} trace */
  #trace(trace) {
    const who = this.#nameOf(null, trace.who ?? "desk");
    const title = {
      thinking: trace.running ? `${who} is thinking` : `${who} has thought`,
      tool: `${who} ${trace.running ? "is calling" : "has called"} ${trace.title}`,
      identity: trace.title ?? "",
      failure: trace.title ?? "",
    }[trace.kind];
    const item = el("li", "row trace", el("span", "index", ""), el("p", "title", title));
    if (trace.text) item.append(el("p", "text", trace.text));
    item.dataset.kind = trace.kind;
    item.classList.toggle("running", trace.running);
    this.#traces.get(trace.id)?.remove();
    this.#traces.set(trace.id, item);
    place(this.#log, item, trace.position - 1 + (trace.id + 1) / LAST);
  }

  // Until its first words come, an answer is being thought about.
  #startStream(id, channel) {
    const name = el("span", "", this.#nameOf(null, channel));
    const head = el("p", "who", name, badge(channel), el("span", "kind", "thinking"));
    const item = el("li", "row streaming", el("span", "index", "…"), head, el("p", "text"));
    this.#streams.set(id, item);
    this.#count += 1;
    place(this.#log, item, LAST + this.#count);
  }

  #growStream({ id, delta }) {
    const item = this.#streams.get(id);
    item?.querySelector(".kind")?.remove();
    item?.querySelector(".text").append(delta);
  }

  #endStream(id) {
    this.#streams.get(id)?.remove();
    this.#streams.delete(id);
  }

  #showTyping(who, isTyping) {
    this.#typing.get(who)?.remove();
    this.#typing.delete(who);
    if (!isTyping || who === this.#own) return;
    const text = `${this.#nameOf(who, "web")} is writing`;
    const item = el("li", "row live", el("span", "index", "…"), el("p", "text", text));
    this.#typing.set(who, item);
    place(this.#log, item, 2 * LAST);
  }

  // How far each channel has read, at the newest message up to there.
  #showReadMarks() {
    this.#log.querySelectorAll(".read").forEach((mark) => mark.remove());
    for (const { id, last_read: mark } of this.#state?.channels ?? []) {
      if (mark === null) continue;
      const read = [...this.#rows.values()]
        .filter(({ row }) => row.type === "message" && row.index <= mark)
        .sort((one, other) => one.row.index - other.row.index)
        .at(-1);
      read?.item.querySelector(".deliveries")?.append(el("span", "chip read", `read on ${id}`));
    }
  }

  #numberOf(id) {
    const target = this.#rows.get(id);
    return target ? `#${target.row.index}` : "an earlier message";
  }

  #nameOf(who, channel) {
    const person = this.#people.get(who);
    return person?.name ?? person?.id ?? NAMES[channel] ?? channel;
  }
}

/** @param {string} channel */
function badge(channel) {
  const node = el("span", "badge", channel);
  node.dataset.channel = channel;
  return node;
}

/** @param {Row["deliveries"][number]} result */
function delivery(result) {
  const outcome = result.success ? result.status ?? "delivered" : result.error ?? "failed";
  const chip = el("span", "chip", `${result.channel}: ${outcome}`);
  chip.dataset.success = String(result.success);
  return chip;
}
