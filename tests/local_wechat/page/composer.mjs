// Below the chat: writing, sending other things, and the account's menu.
import { element } from "./bubbles.mjs";
import { icon } from "./icons.mjs";
import { texts } from "./texts.mjs";

const $ = (id) => document.getElementById(id);

function shown(which, on) {
  $(which).hidden = !on;
}

function showMenuBar(on) {
  shown("menu", on);
  shown("writing", !on);
  shown("more", !on);
  shown("tray", false);
  shown("entries", false);
  $("switch").replaceChildren(icon(on ? "keyboard" : "menu"));
  $("switch").setAttribute("aria-label", on ? texts.keyboard : texts.menu);
  $("switch").setAttribute("aria-expanded", String(on));
  $("more").setAttribute("aria-expanded", "false");
}

export function drawMenu(menu, press, wecom) {
  if (wecom && !$("menu").hidden) showMenuBar(false);
  $("switch").hidden = wecom;
  const buttons = (menu ?? []).map((button) => {
    const made = element("button", "", button.name);
    const below = button.sub_button ?? [];
    if (below.length) made.classList.add("more");
    made.addEventListener("click", () => (below.length ? toggleEntries(button.name, below, press) : press(button)));
    return made;
  });
  $("menu").replaceChildren(...(buttons.length ? buttons : [element("span", "fact", texts.noMenu)]));
}

function toggleEntries(name, below, press) {
  const open = !$("entries").hidden && $("entries").dataset.of === name;
  $("entries").dataset.of = name;
  shown("entries", !open);
  $("entries").replaceChildren(
    ...below.map((entry) => {
      const made = element("button", "", entry.name);
      made.addEventListener("click", () => {
        shown("entries", false);
        press(entry);
      });
      return made;
    }),
  );
}

export function start({ write, send }) {
  $("switch").replaceChildren(icon("menu"));
  $("more").replaceChildren(icon("more"));
  $("switch").addEventListener("click", () => showMenuBar($("menu").hidden));
  $("more").addEventListener("click", () => {
    shown("tray", $("tray").hidden);
    $("more").setAttribute("aria-expanded", String(!$("tray").hidden));
  });
  $("tray").replaceChildren(
    ...texts.tray.map(({ act, title }) => {
      const made = element("button");
      made.append(icon(act), element("span", "", title));
      made.addEventListener("click", () => (act === "picture" ? $("picture").click() : send(act)));
      return made;
    }),
  );
  $("picture").addEventListener("change", () => {
    const [file] = $("picture").files;
    if (file) send("picture", file);
    $("picture").value = "";
  });
  const submit = async () => {
    const words = $("text").value.trim();
    if (words && (await write(words))) $("text").value = "";
  };
  $("writing").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  $("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  });
}
