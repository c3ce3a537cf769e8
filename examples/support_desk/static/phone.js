// Ben's telephone. It knows nothing of rooms: it sends and receives text messages.

import { clock, el, following } from "./dom.js";

export class Phone {
  #log = document.getElementById("phone-log");
  #items = new Map();

  constructor() {
    const input = document.getElementById("phone-input");
    document.getElementById("phone-form").addEventListener("submit", async (submission) => {
      submission.preventDefault();
      const body = input.value.trim();
      if (!body) return;
      input.value = "";
      try {
        const answer = await fetch("/telephone", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ body }),
        });
        if (!answer.ok) throw new Error(answer.statusText);
      } catch {
        input.value ||= body;
      }
    });
  }

  reset(frame) {
    this.#log.replaceChildren();
    this.#items.clear();
    const digits = frame.number.replace(/^\+1(\d{3})(\d{3})(\d+)$/, "+1 $1 $2 $3");
    document.getElementById("phone-number").textContent = digits;
  }

  show(message) {
    const mine = message.direction === "out";
    const state = message.state === "received" ? "" : el("span", "state", message.state);
    const foot = el("p", "who", el("time", "", clock(message.at)), state);
    const item = el("li", mine ? "bubble mine" : "bubble", el("p", "text", message.body), foot);
    item.dataset.id = message.id;
    item.classList.toggle("refused", /^(not|refused)/.test(message.state));
    following(this.#log, () => {
      const known = this.#items.get(message.id);
      if (known) known.replaceWith(item);
      else this.#log.append(item);
    });
    this.#items.set(message.id, item);
  }
}
