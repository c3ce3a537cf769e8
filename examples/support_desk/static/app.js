// Puts the page together: the chat on RoomKit's own WebSocket, the console, and the telephones.

import { Chat } from "./chat.js";
import { Console } from "./console.js";
import { byId } from "./dom.js";
import { Phones } from "./phone.js";
import { RoomSocket } from "./roomsocket.js";

/** Says whether all connections stand, and offers not to wait if one does not. */
class Status {
  #chip = byId("status");
  #banner = byId("banner");
  #lost = new Set();
  #all = new Set();
  #refused = false;

  constructor() {
    byId("retry").addEventListener("click", () => this.#all.forEach((one) => one.retryNow()));
  }

  /**
   * The page is of no use without this connection.
   * @param {EventTarget & {retryNow: () => void}} connection
   * @param {string} works the event that says that it stands
   */
  need(connection, works) {
    this.#lost.add(connection);
    connection.addEventListener("refused", () => {
      this.#refused = true;
      this.#show();
    });
    this.watch(connection, works);
  }

  /**
   * A connection that comes and goes with what is on the page.
   * @param {EventTarget & {retryNow: () => void}} connection
   * @param {string} works the event that says that it stands
   */
  watch(connection, works) {
    this.#all.add(connection);
    const on = (name, change) =>
      connection.addEventListener(name, () => {
        change();
        this.#show();
      });
    on(works, () => this.#lost.delete(connection));
    on("lost", () => this.#lost.add(connection));
    on("refused", () => {
      this.#lost.delete(connection);
      this.#all.delete(connection);
    });
  }

  #show() {
    const broken = this.#chip.dataset.state === "connected" || !this.#banner.hidden;
    const working = this.#lost.size === 0;
    const state = this.#refused ? "refused" : working ? "connected" : broken ? "reconnecting" : "connecting";
    this.#chip.dataset.state = state;
    this.#chip.textContent = state;
    this.#banner.hidden = state !== "reconnecting";
  }
}

function start() {
  const status = new Status();
  const socket = new RoomSocket("/ws/web");
  const chat = new Chat(socket);
  status.need(socket, "ready");
  document.querySelectorAll("#chat .hint").forEach((hint) => {
    hint.addEventListener("click", () => chat.say(hint.textContent));
  });
  const desk = new Console(new Phones(), (seat) => status.watch(seat, "ready"));
  status.need(desk.connection, "frame");
  startTabs(() => desk.shown());
  socket.connect();
  desk.connection.connect();
}

/** @param {() => void} changed */
function startTabs(changed) {
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[role=tab]")]);
  const select = (tab) => {
    tabs.forEach((one) => {
      one.setAttribute("aria-selected", String(one === tab));
      one.tabIndex = one === tab ? 0 : -1;
    });
    document.body.dataset.panel = tab.getAttribute("aria-controls");
    showEnds();
    changed();
  };
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const place = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: -1 }[key];
      if (place === undefined) return;
      const next = tabs[(place + tabs.length) % tabs.length];
      select(next);
      next.focus();
    });
  });
  // Whoever looks at the end of a log still does after the window has changed its size.
  addEventListener("resize", showEnds);
}

function showEnds() {
  document.querySelectorAll(".log").forEach((log) => (log.scrollTop = log.scrollHeight));
}

function startTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const saved = localStorage.getItem("theme");
  if (saved) root.dataset.theme = saved;
  byId("theme").addEventListener("click", () => {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
    root.dataset.theme = isDark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  });
}

startTheme();
start();
