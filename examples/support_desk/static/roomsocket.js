// A client for RoomKit's WebSocket protocol (docs/websocket-protocol.md): it reconnects by itself,
// catches up with what it missed, and sends again what was not acknowledged.

const FATAL = new Set([4401, 4403, 4404]); // close codes after which trying again is no use
const LATER = new Set(["rate_limited", "busy", "process_timeout"]);
const PULSE = 20_000; // milliseconds between signs of life

// `crypto.randomUUID` is there on https and localhost only.
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class RoomSocket extends EventTarget {
  #path;
  #socket = null;
  #attempts = 0;
  #cursor = null; // the newest index that has been received
  #roomId = null;
  #unacknowledged = new Map(); // frame id → frame
  #timer = null;
  #heardAt = 0;

  constructor(path) {
    super();
    this.#path = path;
    setInterval(() => this.#feelPulse(), PULSE);
    addEventListener("online", () => this.#retryNow());
  }

  connect() {
    const url = new URL(this.#path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    if (this.#roomId !== null) url.searchParams.set("room", this.#roomId);
    if (this.#cursor !== null) url.searchParams.set("after", this.#cursor);
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onmessage = (message) => this.#take(JSON.parse(message.data));
    socket.onclose = (closing) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (FATAL.has(closing.code)) this.#emit("refused", closing);
      else this.#retry();
    };
  }

  // Says something; returns the id that the acknowledgement will carry.
  say(text) {
    const id = randomId();
    this.#keep({ type: "message", id, text });
    return id;
  }

  typing(isTyping) {
    this.#send({ type: "typing", is_typing: isTyping });
  }

  read(eventId) {
    this.#send({ type: "read", event_id: eventId });
  }

  #keep(frame) {
    this.#unacknowledged.set(frame.id, frame);
    this.#send(frame);
  }

  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN && this.ready) {
      this.#socket.send(JSON.stringify(frame));
    }
  }

  // A connection may be dead without either side having noticed.
  #feelPulse() {
    if (!this.ready) return;
    if (performance.now() - this.#heardAt > 2.5 * PULSE) this.#socket.close();
    else this.#send({ type: "ping" });
  }

  #take(frame) {
    this.#heardAt = performance.now();
    switch (frame.type) {
      case "ready":
        this.#attempts = 0;
        this.ready = true;
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

  #retry() {
    this.ready = false;
    this.#emit("lost", null);
    const seconds = Math.min(8, 0.4 * 2 ** this.#attempts) * (0.5 + Math.random() / 2);
    this.#attempts += 1;
    this.#timer = setTimeout(() => this.connect(), seconds * 1000);
  }

  #retryNow() {
    if (this.#socket === null && this.#timer !== null) {
      clearTimeout(this.#timer);
      this.connect();
    }
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
