// The console: the rooms, the timeline of the one that is chosen, and the expert's seat in it. What
// happens comes over a socket of the demonstration's own; the expert speaks over RoomKit's.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { ask, byId } from "./dom.js";
import { Facts } from "./facts.js";
import { Rooms } from "./rooms.js";
import { RoomSocket } from "./roomsocket.js";
import { Timeline } from "./timeline.js";

const CARRIES_ON = "Take over to write here";

export class Console {
  /** Fires `lost` and `refused`, as all connections do. */
  connection = new Connection(() => "/console/live");
  #phones;
  #rooms = new Rooms((id) => this.#choose(id));
  #timeline;
  #facts;
  #composer;
  #takeOver = /** @type {HTMLButtonElement} */ (byId("take-over"));
  #noting = /** @type {HTMLInputElement} */ (byId("noting"));
  #panel = byId("console");
  #epoch = "";
  #expert = "";
  #roomId = "";
  #revision = -1;
  #isTakenOver = false;
  #lastRead = "";
  /** @type {Map<string, RoomSocket>} the expert's seats by room; kept so that nothing is lost */
  #seats = new Map();
  #onSeat;

  /**
   * @param {import("./phone.js").Phones} phones shown next to the console, fed by its socket
   * @param {(seat: RoomSocket) => void} onSeat called with each new connection of the expert's
   */
  constructor(phones, onSeat) {
    this.#phones = phones;
    this.#onSeat = onSeat;
    this.#timeline = new Timeline({
      edit: (row) => this.#composer.startEditing(row.id, row.text),
      withdraw: (row) => this.#seat?.withdraw(row.id),
    });
    this.#facts = new Facts({
      change: (channelId, change) => this.#do("PATCH", `channels/${channelId}`, change),
      finish: (taskId, status) => this.#do("PATCH", `tasks/${taskId}`, { status }),
    });
    this.#composer = new Composer("console-form", {
      say: (text) => this.#say(text),
      edit: (id, text) => this.#seat?.edit(id, text),
      typing: (isTyping) => {
        if (!this.#noting.checked) this.#seat?.typing(isTyping);
      },
    });
    this.#takeOver.addEventListener("click", () =>
      this.#do("POST", this.#isTakenOver ? "hand-back" : "take-over"),
    );
    this.#noting.addEventListener("change", () => this.#allow());
    byId("earlier").addEventListener("click", () => this.#showEarlier());
    byId("facts-toggle").addEventListener("click", () => this.#toggleFacts());
    this.connection.addEventListener("frame", ({ detail }) => this.#take(detail));
    document.addEventListener("visibilitychange", () => this.#read());
  }

  /** Has become visible: what is on the screen is read. */
  shown() {
    this.#read();
  }

  get #seat() {
    return this.#seats.get(this.#roomId);
  }

  #take(frame) {
    if (frame.type === "hello") this.#begin(frame);
    else if (frame.type === "summary") this.#rooms.show(frame.summary);
    else if (frame.type === "sms") this.#phones.show(frame.number, frame.message);
    else if (frame.room_id === this.#roomId) this.#takeOfRoom(frame);
  }

  #takeOfRoom(frame) {
    switch (frame.type) {
      case "room":
        this.#revision = frame.revision;
        this.#timeline.open(frame);
        this.#facts.show(frame.state, frame.live.presence);
        this.#showState(frame.state);
        break;
      case "rows":
        this.#revision = frame.revision;
        this.#timeline.add(frame.rows);
        break;
      case "state":
        this.#timeline.update(frame.state);
        this.#facts.show(frame.state);
        this.#showState(frame.state);
        break;
      case "presence":
        this.#facts.setPresence(frame.who, frame.status);
        break;
      default:
        this.#timeline.take(frame);
    }
    byId("earlier").hidden = !(this.#timeline.oldest > 0);
    this.#read();
  }

  // The beginning of every connection. Of another run of the server nothing is known here, but the
  // room may be the same.
  #begin(frame) {
    const isOther = frame.expert !== this.#expert;
    if (frame.epoch !== this.#epoch) this.#rooms.clear();
    this.#phones.reset(frame.telephones);
    const epoch = this.#epoch;
    this.#epoch = frame.epoch;
    this.#expert = frame.expert;
    const roomId = frame.rooms.includes(this.#roomId) ? this.#roomId : frame.room_id;
    if (isOther || roomId !== this.#roomId) this.#choose(roomId);
    else this.#watch(epoch);
  }

  /** @param {string} roomId */
  #choose(roomId) {
    if (roomId !== this.#roomId) {
      this.#roomId = roomId;
      this.#revision = -1;
      this.#lastRead = "";
      this.#timeline.clear(this.#expert);
    }
    this.#rooms.mark(roomId);
    this.#watch(this.#epoch);
    if (!this.#seats.has(roomId)) this.#takeSeat(roomId);
  }

  #watch(epoch) {
    const seen = this.#revision < 0 ? 0 : this.#timeline.seen;
    const request = { type: "watch", room_id: this.#roomId, epoch, revision: this.#revision, seen };
    this.connection.send(request);
  }

  #takeSeat(roomId) {
    const seat = new RoomSocket(`/ws/desk?conversation=${encodeURIComponent(roomId)}`);
    this.#seats.set(roomId, seat);
    seat.addEventListener("ready", () => this.#read());
    seat.addEventListener("refused", () => this.#seats.delete(roomId));
    seat.addEventListener("ack", ({ detail }) => {
      this.#tellProblem(detail.blocked ? `Not sent: ${detail.reason}` : "");
    });
    seat.addEventListener("error", ({ detail }) => this.#tellProblem(`Not sent: ${detail.reason}`));
    this.#onSeat(seat);
    seat.connect();
  }

  #say(text) {
    if (this.#noting.checked) this.#do("POST", "notes", { text });
    else this.#seat?.say(text);
  }

  async #do(method, what, body) {
    try {
      await ask(method, `/console/rooms/${this.#roomId}/${what}`, body);
      this.#tellProblem("");
    } catch (problem) {
      this.#tellProblem(`That did not work: ${problem.message}`);
    }
  }

  #tellProblem(text) {
    byId("console-problem").textContent = text;
  }

  /** @param {import("./types.js").RoomState} state */
  #showState(state) {
    this.#isTakenOver = state.taken_over;
    byId("room-title").textContent = state.title;
    byId("room-title").title = state.title; // where there is no room for all of it
    byId("room-answers").textContent = state.taken_over ? "Maya answers" : "Robin answers";
    this.#takeOver.textContent = state.taken_over ? "Hand back" : "Take over";
    this.#takeOver.disabled = false;
    this.#allow();
  }

  // To write to the customer one has to take over; a note can be written at any time.
  #allow() {
    const form = byId("console-form");
    const input = /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
    const allowed = this.#isTakenOver || this.#noting.checked;
    input.disabled = !allowed;
    /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]")).disabled = !allowed;
    const wanted = this.#noting.checked ? "Note for the desk" : "Write as Maya";
    input.placeholder = allowed ? wanted : CARRIES_ON;
  }

  async #showEarlier() {
    const roomId = this.#roomId;
    const path = `/console/rooms/${roomId}/rows?before=${this.#timeline.oldest}`;
    try {
      const rows = await ask("GET", path);
      if (roomId !== this.#roomId) return;
      this.#timeline.prepend(rows);
      byId("earlier").hidden = !(this.#timeline.oldest > 0);
    } catch (problem) {
      this.#tellProblem(`That did not work: ${problem.message}`);
    }
  }

  #toggleFacts() {
    const open = this.#panel.classList.toggle("facts-open");
    byId("facts-toggle").setAttribute("aria-expanded", String(open));
  }

  // Tells how far the desk has read, while somebody looks.
  #read() {
    if (document.visibilityState !== "visible" || !this.#panel.offsetParent) return;
    const newest = this.#timeline.newest?.id;
    if (!newest || newest === this.#lastRead) return;
    if (this.#seat?.read(newest)) this.#lastRead = newest;
  }
}
