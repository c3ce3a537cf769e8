// Puts the page together: the chat on RoomKit's own WebSocket, timeline and telephone on the demo's.

import { Chat } from "./chat.js";
import { Phone } from "./phone.js";
import { RoomSocket } from "./roomsocket.js";
import { Timeline } from "./timeline.js";

const status = document.getElementById("status");

function show(state) {
  status.dataset.state = state;
  status.textContent = state;
}

function startChat() {
  const socket = new RoomSocket("/ws/web");
  const chat = new Chat(socket);
  socket.addEventListener("ready", () => show("connected"));
  socket.addEventListener("lost", () => show("reconnecting"));
  socket.addEventListener("refused", () => show("refused"));
  document.querySelectorAll(".hint").forEach((hint) => {
    hint.addEventListener("click", () => chat.say(hint.textContent));
  });
  socket.connect();
}

function startTimeline() {
  const timeline = new Timeline();
  const phone = new Phone();
  let attempts = 0;
  const connect = () => {
    const url = new URL("/timeline", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "room") {
        attempts = 0;
        timeline.reset(frame);
        phone.reset(frame);
      } else if (frame.type === "sms") {
        phone.show(frame.message);
      } else {
        timeline.take(frame);
      }
    };
    socket.onclose = () => {
      const seconds = Math.min(8, 0.4 * 2 ** attempts) * (0.5 + Math.random() / 2);
      attempts += 1;
      setTimeout(connect, seconds * 1000);
    };
  };
  connect();
}

function startTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const select = (tab) => {
    tabs.forEach((one) => {
      one.setAttribute("aria-selected", one === tab);
      one.tabIndex = one === tab ? 0 : -1;
    });
    document.body.dataset.panel = tab.getAttribute("aria-controls");
    document.querySelectorAll(".log").forEach((log) => (log.scrollTop = log.scrollHeight));
  };
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      const next = tabs[(index + step + tabs.length) % tabs.length];
      select(next);
      next.focus();
    });
  });
}

// Whoever looks at the end of a log still does after the window has changed its size.
function keepEndsInView() {
  addEventListener("resize", () => {
    document.querySelectorAll(".log").forEach((log) => (log.scrollTop = log.scrollHeight));
  });
}

function startTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const saved = localStorage.getItem("theme");
  if (saved) root.dataset.theme = saved;
  document.getElementById("theme").addEventListener("click", () => {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
    root.dataset.theme = isDark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  });
}

startTheme();
startTabs();
keepEndsInView();
startTimeline();
startChat();
