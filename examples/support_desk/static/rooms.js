// The list of rooms, the newest first, and the search through them.

import { ask, byId, clock, el, keepingFocus } from "./dom.js";

/** @typedef {import("./types.js").Summary} Summary */

const PAUSE = 200; // milliseconds without a key before a search begins

export class Rooms {
  #list = byId("room-list");
  #search = /** @type {HTMLInputElement} */ (byId("room-search"));
  #status = byId("room-status");
  #choose;
  /** @type {Map<string, Summary>} */
  #summaries = new Map();
  /** @type {Summary[] | null} what was found, while something is searched for */
  #found = null;
  #chosen = "";
  #timer = 0;

  /** @param {(roomId: string) => void} choose */
  constructor(choose) {
    this.#choose = choose;
    this.#search.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#find(), PAUSE);
    });
  }

  clear() {
    this.#summaries.clear();
    this.#found = null;
    this.#search.value = "";
    this.#draw();
  }

  /** @param {Summary} summary */
  show(summary) {
    this.#summaries.set(summary.id, summary);
    if (this.#found) this.#find();
    else this.#draw();
  }

  /** @param {string} roomId */
  mark(roomId) {
    this.#chosen = roomId;
    this.#draw();
  }

  async #find() {
    const wanted = this.#search.value.trim();
    try {
      const path = `/console/rooms?q=${encodeURIComponent(wanted)}`;
      const found = wanted ? await ask("GET", path) : null;
      // An answer that comes late must not replace that to a later question.
      if (wanted !== this.#search.value.trim()) return;
      this.#found = found;
      const plural = found?.length === 1 ? "" : "s";
      this.#tell(found ? `${found.length || "no"} room${plural} found` : "", found?.length === 0);
      this.#draw();
    } catch {
      this.#tell("The search failed.", true);
    }
  }

  // The list itself shows how many were found, unless there are none.
  #tell(text, visibly) {
    this.#status.textContent = text;
    this.#status.classList.toggle("hidden", !visibly);
  }

  #draw() {
    const rooms = this.#found ?? [...this.#summaries.values()];
    rooms.sort((one, other) => other.at.localeCompare(one.at));
    keepingFocus(this.#list, () => {
      this.#list.replaceChildren(...rooms.map((room) => el("li", "", this.#entry(room))));
    });
  }

  /** @param {Summary} room */
  #entry(room) {
    const marks = [
      room.taken_over ? el("span", "mark taken", "taken over") : null,
      room.known ? null : el("span", "mark unknown", "unknown"),
      room.unread ? el("span", "mark unread", `${room.unread} unread`) : null,
    ];
    const last = el("span", "last", el("span", "", room.last), el("time", "", clock(room.at)));
    const entry = el("button", "room", el("strong", "", room.title), last, ...marks);
    entry.setAttribute("type", "button");
    entry.setAttribute("aria-label", [room.title, ...marks.map((one) => one?.textContent)].filter(Boolean).join(", "));
    entry.dataset.id = room.id;
    entry.dataset.control = room.id;
    if (room.id === this.#chosen) entry.setAttribute("aria-current", "true");
    entry.addEventListener("click", () => this.#choose(room.id));
    return entry;
  }
}
