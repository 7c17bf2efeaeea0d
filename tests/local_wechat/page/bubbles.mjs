// One line of the chat as the phone draws it. Nothing that was received is ever read as HTML.
import { icon } from "./icons.mjs";
import { texts } from "./texts.mjs";

const LINK = /<a\s+href="([^"]*)">([\s\S]*?)<\/a>/g;
const CHOICE = "weixin://bizmsgmenu?";
const day = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });

export const moment = (seconds) => day.format(new Date(seconds * 1000));

export function element(name, classes = "", words = "") {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (words) made.textContent = words;
  return made;
}

function choice(title, content, menuId, choose) {
  const made = element("button", "link", title);
  made.type = "button";
  made.addEventListener("click", () => choose(content, menuId));
  return made;
}

function anchor(title, address) {
  const made = element("a", "link", title);
  made.href = address;
  made.target = "_blank";
  made.rel = "noreferrer";
  return made;
}

function decoded(written) {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

function linked(address, title, choose) {
  if (address.startsWith(CHOICE)) {
    const query = Object.fromEntries(address.slice(CHOICE.length).split("&").map((part) => part.split(/=(.*)/s).slice(0, 2)));
    return choice(title, decoded(query.msgmenucontent ?? title), query.msgmenuid ?? "", choose);
  }
  if (/^(https?:|tel:)/.test(address)) return anchor(title, address);
  return document.createTextNode(title);
}

function written(words, choose) {
  const made = element("div", "words");
  let last = 0;
  for (const match of words.matchAll(LINK)) {
    made.append(words.slice(last, match.index), linked(match[1], match[2], choose));
    last = match.index + match[0].length;
  }
  made.append(words.slice(last));
  return made;
}

function menu(details, choose) {
  const made = element("div", "words");
  if (details.head_content) made.append(details.head_content);
  const list = element("div", "choices");
  for (const entry of details.list ?? []) {
    const inner = entry.click ?? entry.view ?? entry;
    list.append(inner.url ? anchor(inner.content, inner.url) : choice(inner.content, inner.content, inner.id, choose));
  }
  made.append(list, details.tail_content ?? "");
  return made;
}

function template(details) {
  const made = element("div", "template");
  made.append(element("h4", "", texts.templates[details.kind] ?? texts.otherTemplate));
  const list = element("dl");
  for (const [keyword, value] of Object.entries(details.values)) {
    list.append(element("dt", "", texts.values[details.fields[keyword]] ?? texts.otherValue), element("dd", "", value));
  }
  made.append(list);
  if (/^https?:/.test(details.url ?? "")) made.append(anchor(texts.open, details.url));
  return made;
}

function place(entry) {
  const made = element("div", "place");
  made.append(element("strong", "", entry.text || texts.place.label), pinned());
  return made;
}

function pinned() {
  const made = element("div", "map");
  made.append(icon("location"));
  return made;
}

function drawn(name, words) {
  const made = element("div", "words drawn");
  made.append(icon(name), words);
  return made;
}

function shared(entry) {
  const made = element("div", "shared");
  made.append(element("strong", "", entry.text), element("p", "", entry.details.description ?? ""));
  return made;
}

function picture(entry) {
  const made = element("img", "picture");
  made.src = entry.details.url ?? "";
  made.alt = texts.picture;
  return made;
}

function inside(entry, choose) {
  switch (entry.kind) {
    case "image":
      return entry.details.url ? picture(entry) : element("div", "words", texts.picture);
    case "voice":
      return drawn("voice", texts.voice);
    case "video":
    case "shortvideo":
      return drawn("video", texts.video);
    case "location":
      return place(entry);
    case "link":
      return shared(entry);
    case "template":
      return template(entry.details);
    case "msgmenu":
      return menu(entry.details, choose);
    default:
      return written(entry.text, choose);
  }
}

export function line(entry, choose) {
  if (entry.how === "event") {
    const words = entry.kind === "menu" ? texts.pressed(entry.text) : (texts.events[entry.kind] ?? entry.text);
    return element("li", "note", words);
  }
  if (entry.side === "notice") return element("li", "note trouble", entry.text);
  const made = element("li", `line ${entry.side}`);
  const bubble = element("div", entry.kind === "template" ? "card" : "bubble");
  bubble.append(inside(entry, choose));
  const below = element("p", "when", moment(entry.at) + (texts.ways[entry.how] ? ` · ${texts.ways[entry.how]}` : ""));
  made.append(bubble, below);
  return made;
}
