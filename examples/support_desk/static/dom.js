// Small helpers. Text only ever becomes text: nothing that anybody writes is parsed as HTML.

export function el(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== ""));
  return node;
}

export function clock(isoTime) {
  return new Date(isoTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

// The words in a content, whatever kind it is.
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

// Runs a change to a log and keeps its end in view, unless somebody has scrolled away from it.
export function following(log, change) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  change();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

// Puts an item into a list that is ordered by `data-order`.
export function place(log, item, order) {
  item.dataset.order = order;
  let before = log.lastElementChild;
  while (before && Number(before.dataset.order) > order) before = before.previousElementSibling;
  if (before !== item) log.insertBefore(item, before ? before.nextSibling : log.firstChild);
}
