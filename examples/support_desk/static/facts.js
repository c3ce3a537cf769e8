// What there is to know about a room beside its timeline: its channels and what they may do, the
// people, the tasks and what was noticed.

import { button, byId, el, keepingFocus } from "./dom.js";

/** @typedef {import("./types.js").RoomState} RoomState */

const ACCESS = {
  read_write: "read, write",
  read_only: "read only",
  write_only: "write only",
  none: "neither",
};

/**
 * @typedef {object} FactsActions
 * @property {(channelId: string, change: {muted?: boolean, access?: string}) => void} change
 * @property {(taskId: string, status: string) => void} finish
 */

export class Facts {
  #root = byId("facts");
  #actions;
  /** @type {RoomState | null} */
  #state = null;
  /** @type {Record<string, string>} */
  #presence = {};

  /** @param {FactsActions} actions */
  constructor(actions) {
    this.#actions = actions;
  }

  /**
   * @param {RoomState} state
   * @param {Record<string, string>} [presence]
   */
  show(state, presence) {
    this.#state = state;
    if (presence) this.#presence = presence;
    this.#draw();
  }

  /**
   * @param {string} who
   * @param {string} status
   */
  setPresence(who, status) {
    this.#presence[who] = status;
    this.#draw();
  }

  #draw() {
    const state = this.#state;
    if (!state) return;
    const people = state.people.filter((one) => !one.left).map((one) => this.#person(one));
    const tasks = state.tasks.map((one) => this.#task(one));
    const noticed = state.observations.map((one) =>
      el("li", "fact", el("strong", "", one.category), el("span", "", one.content)),
    );
    keepingFocus(this.#root, () => {
      this.#root.replaceChildren(
        section("Channels", state.channels.map((one) => this.#channel(one))),
        section("People", people),
        section("Tasks", tasks),
        section("Observations", noticed),
      );
    });
  }

  /** @param {RoomState["channels"][number]} channel */
  #channel(channel) {
    const { id, muted } = channel;
    const mute = button(
      "small",
      muted ? "Unmute" : "Mute",
      () => this.#actions.change(id, { muted: !muted }),
      `${muted ? "Unmute" : "Mute"} ${id}`,
    );
    mute.dataset.control = `mute ${id}`;
    const access = /** @type {HTMLSelectElement} */ (el("select", "small"));
    access.setAttribute("aria-label", `Access of ${id}`);
    for (const [value, text] of Object.entries(ACCESS)) {
      access.add(new Option(text, value, false, value === channel.access));
    }
    access.addEventListener("change", () => this.#actions.change(id, { access: access.value }));
    const about = channel.recipient ?? channel.provider ?? channel.type;
    const item = el(
      "li",
      "fact channel",
      el("strong", "", id),
      el("span", "", about),
      muted ? el("span", "mark muted", "muted") : null,
      el("span", "controls", mute, access),
    );
    item.dataset.channel = id;
    return item;
  }

  /** @param {RoomState["people"][number]} person */
  #person(person) {
    const known = person.identification === "identified";
    const agent = person.role === "agent";
    const status = this.#presence[person.id];
    const identity = known ? `identified by ${person.resolved_by}` : person.identification;
    const item = el(
      "li",
      "fact person",
      el("strong", "", person.name ?? person.id),
      el("span", "", [person.channel, person.address].filter(Boolean).join(" · ")),
      agent ? null : el("span", known ? "mark known" : "mark unknown", identity.replace("_", " ")),
      status ? el("span", `presence ${status}`, status) : null,
    );
    item.dataset.id = person.id;
    return item;
  }

  /** @param {RoomState["tasks"][number]} task */
  #task(task) {
    const done = task.status === "completed";
    const finish = button(
      "small",
      done ? "Reopen" : "Done",
      () => this.#actions.finish(task.id, done ? "pending" : "completed"),
      `${done ? "Reopen" : "Done"}: ${task.title}`,
    );
    finish.dataset.control = `finish ${task.id}`;
    const item = el("li", "fact task", el("strong", "", task.title), el("span", "", task.status), finish);
    item.classList.toggle("done", done);
    return item;
  }
}

/**
 * @param {string} title
 * @param {HTMLElement[]} items
 */
function section(title, items) {
  const list = items.length ? el("ul", "", ...items) : el("p", "none", "none");
  return el("section", "", el("h4", "", title), list);
}
