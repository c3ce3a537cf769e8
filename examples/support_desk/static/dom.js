// Small helpers. Text only ever becomes text: nothing that anybody writes is parsed as HTML.

/**
 * @param {string} tag
 * @param {string} [className]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function el(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== ""));
  return node;
}

/**
 * @param {string} className
 * @param {string} text
 * @param {() => void} act
 * @param {string} [label] for those who do not see what the button stands beside
 */
export function button(className, text, act, label) {
  const node = /** @type {HTMLButtonElement} */ (el("button", className, text));
  node.type = "button";
  if (label) node.setAttribute("aria-label", label);
  node.addEventListener("click", act);
  return node;
}

/** @param {string} id */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`there is no #${id}`);
  return node;
}

/** @param {string} isoTime */
export function clock(isoTime) {
  return new Date(isoTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/**
 * The words in a content, whatever kind it is.
 * @param {any} content
 * @returns {string}
 */
export function words(content) {
  switch (content.type) {
    case "rich":
      return content.plain_text || content.body;
    case "edit":
      return words(content.new_content);
    case "composite":
      return content.parts.map(words).join("\n");
    case "media":
      return content.caption || content.url;
    case "audio":
      return content.transcript || content.url;
    case "video":
      return content.url;
    case "location":
      return content.label || content.address || `${content.latitude}, ${content.longitude}`;
    default:
      return content.body || "";
  }
}

/**
 * Runs a change to a log and keeps its end in view, unless somebody has scrolled away from it.
 * @param {HTMLElement} log
 * @param {() => void} change
 */
export function following(log, change) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  change();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

/**
 * Puts an item into a list that is ordered by `data-order`.
 * @param {HTMLElement} log
 * @param {HTMLElement} item
 * @param {number} order
 */
export function place(log, item, order) {
  item.dataset.order = String(order);
  let before = log.lastElementChild;
  while (before && (before === item || Number(before.dataset.order) > order)) {
    before = before.previousElementSibling;
  }
  const next = before ? before.nextElementSibling : log.firstElementChild;
  if (next !== item) log.insertBefore(item, next);
}

/**
 * Runs a change to a part of the page; whoever was on a control there with the keyboard still is,
 * and on the part itself if the control is gone. A control whose name changes says with
 * `data-control` which one it is.
 * @param {HTMLElement} root
 * @param {() => void} change
 */
export function keepingFocus(root, change) {
  const name = (node) =>
    node.dataset.control ?? node.getAttribute("aria-label") ?? node.textContent;
  const active = document.activeElement;
  const wanted = active && active !== root && root.contains(active) ? name(active) : null;
  change();
  if (wanted === null || root.contains(document.activeElement)) return;
  const controls = [...root.querySelectorAll("button, select")];
  const control = /** @type {HTMLElement} */ (controls.find((one) => name(one) === wanted) ?? root);
  control.focus({ preventScroll: true });
}

/**
 * Asks the server for something; what it refuses is an error with its words.
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body ? { "content-type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return answer.status === 204 ? null : answer.json();
}
