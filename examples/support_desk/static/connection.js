// A WebSocket that speaks JSON and comes back by itself: growing pauses with some chance in them,
// at once when the machine is online again, and a sign of life every now and then.

const FATAL = new Set([4401, 4403, 4404]); // close codes after which trying again is no use
const PULSE = 20_000; // milliseconds between signs of life
const LONGEST_PAUSE = 8; // seconds

/**
 * Fires `open`; `frame` with each frame; `lost` with the seconds until the next attempt; and
 * `refused` with the close event if there will be none.
 */
export class Connection extends EventTarget {
  #address;
  /** @type {WebSocket | null} */
  #socket = null;
  #attempts = 0;
  #timer = 0;
  #heardAt = 0;

  /** @param {() => string} address path and query, asked for at every attempt */
  constructor(address) {
    super();
    this.#address = address;
    setInterval(() => this.#feelPulse(), PULSE);
    addEventListener("online", () => this.retryNow());
    addEventListener("offline", () => this.#lose());
  }

  connect() {
    clearTimeout(this.#timer);
    const url = new URL(this.#address(), location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => this.#emit("open");
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket) return;
      this.#attempts = 0;
      this.#heardAt = performance.now();
      this.#emit("frame", JSON.parse(data));
    };
    socket.onclose = (closing) => {
      if (this.#socket !== socket) return;
      if (FATAL.has(closing.code)) this.#emit("refused", closing);
      else this.#lose();
    };
  }

  /**
   * Sends a frame; false if there is nobody to send it to.
   * @param {object} frame
   */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Does not wait any longer. */
  retryNow() {
    if (this.#socket === null) this.connect();
  }

  // What is lost is not waited for: a dead connection may take minutes to close.
  #lose() {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    socket.close();
    const pause = Math.min(LONGEST_PAUSE, 0.4 * 2 ** this.#attempts) * (0.5 + Math.random() / 2);
    this.#attempts += 1;
    this.#timer = setTimeout(() => this.connect(), pause * 1000);
    this.#emit("lost", pause);
  }

  // A connection may be dead without either side having noticed.
  #feelPulse() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    if (performance.now() - this.#heardAt > 2.5 * PULSE) this.#lose();
    else this.send({ type: "ping" });
  }

  #emit(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
