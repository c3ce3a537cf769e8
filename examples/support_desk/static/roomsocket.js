// A client for RoomKit's WebSocket protocol (docs/websocket-protocol.md): it catches up with what
// it missed, and sends again what was not acknowledged. connection.js does the reconnecting.

import { Connection } from "./connection.js";

const LATER = new Set(["rate_limited", "busy", "process_timeout"]);

// `crypto.randomUUID` is there on https and localhost only.
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Fires every frame under its type, and `lost` and `refused` as `Connection` does. */
export class RoomSocket extends EventTarget {
  #path;
  #connection;
  #ready = false;
  /** @type {number | null} the newest index that has been received */
  #cursor = null;
  /** @type {string | null} */
  #roomId = null;
  /** @type {Map<string, object>} frames by their ids */
  #unacknowledged = new Map();

  /** @param {string} path such as `/ws/web` */
  constructor(path) {
    super();
    this.#path = path;
    this.#connection = new Connection(() => this.#address());
    this.#connection.addEventListener("frame", ({ detail }) => this.#take(detail));
    for (const name of ["lost", "refused"]) {
      this.#connection.addEventListener(name, ({ detail }) => {
        this.#ready = false;
        this.#emit(name, detail);
      });
    }
  }

  connect() {
    this.#connection.connect();
  }

  retryNow() {
    this.#connection.retryNow();
  }

  /**
   * Says something; returns the id that the acknowledgement will carry.
   * @param {string} text
   */
  say(text) {
    return this.#keep({ type: "message", text });
  }

  /**
   * Says an earlier message anew.
   * @param {string} eventId
   * @param {string} text
   */
  edit(eventId, text) {
    return this.#keep({ type: "edit", event_id: eventId, text });
  }

  /**
   * Withdraws an earlier message.
   * @param {string} eventId
   */
  withdraw(eventId) {
    return this.#keep({ type: "delete", event_id: eventId });
  }

  /** @param {boolean} isTyping */
  typing(isTyping) {
    this.#send({ type: "typing", is_typing: isTyping });
  }

  /**
   * Tells that everything up to here was read; false if there is nobody to tell.
   * @param {string} eventId
   */
  read(eventId) {
    return this.#send({ type: "read", event_id: eventId });
  }

  #address() {
    const url = new URL(this.#path, location.href);
    if (this.#roomId !== null) url.searchParams.set("room", this.#roomId);
    if (this.#cursor !== null) url.searchParams.set("after", String(this.#cursor));
    return url.pathname + url.search;
  }

  #keep(frame) {
    const id = randomId();
    this.#unacknowledged.set(id, { ...frame, id });
    this.#send({ ...frame, id });
    return id;
  }

  #send(frame) {
    return this.#ready && this.#connection.send(frame);
  }

  #take(frame) {
    switch (frame.type) {
      case "ready":
        this.#ready = true;
        if (!frame.resumed) this.#cursor = null;
        this.#roomId = frame.room.id;
        frame.events.forEach((event) => this.#advance(event));
        this.#emit("ready", frame);
        this.#unacknowledged.forEach((kept) => this.#send(kept));
        return;
      case "event":
        this.#advance(frame.event);
        break;
      case "ack":
        this.#unacknowledged.delete(frame.id);
        if (frame.status === "delivered" && frame.event) this.#advance(frame.event);
        break;
      case "error":
        if (LATER.has(frame.code)) return this.#sendAgain(frame.id);
        if (frame.code === "closed") return; // kept for the next connection
        this.#unacknowledged.delete(frame.id);
        break;
    }
    this.#emit(frame.type, frame);
  }

  #sendAgain(id) {
    setTimeout(() => {
      const kept = this.#unacknowledged.get(id);
      if (kept) this.#send(kept);
    }, 1000);
  }

  #advance(event) {
    if (this.#cursor === null || event.index > this.#cursor) this.#cursor = event.index;
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
