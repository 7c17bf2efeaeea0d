// The resident's phone: shows one resident's chat, does what is pressed, and follows what changes.
import * as api from "./api.mjs";
import { line } from "./bubbles.mjs";
import { drawMenu, start as startComposer } from "./composer.mjs";
import { showAgreements, showClock, showPushes, showQuota, showRelation } from "./panel.mjs";
import { texts } from "./texts.mjs";

const $ = (id) => document.getElementById(id);
let world = { accounts: [] };
let people = [];
let person = null;
let phone = null;
let following = null;
let known = 0;

const accountOf = (appId) => world.accounts.find((account) => account.app_id === appId);
const isWecom = () => accountOf($("account").value)?.channel === "wecom";

function complain(words) {
  $("toast").textContent = words;
  $("toast").hidden = false;
  setTimeout(() => ($("toast").hidden = true), 4000);
}

async function doing(promise) {
  try {
    await promise;
    return true;
  } catch (error) {
    complain(error instanceof api.Refused ? texts.refused : texts.unreachable);
    return false;
  }
}

const act = (name, given) => doing(phone.act(name, given));
const choose = (content, menuId) => act("text", { content, menu_id: menuId });

function send(what, file) {
  if (what === "picture") return doing(phone.media("image", file));
  if (what === "voice" || what === "video") return doing(phone.media(what));
  return act(what, what === "location" ? texts.place : texts.link);
}

function press(entry) {
  if (entry.type === "view") window.open(entry.url, "_blank", "noreferrer");
  return act("menu", { title: entry.name });
}

function draw(got) {
  person = got;
  const wecom = isWecom();
  $("typing").hidden = !got.typing;
  $("invitation").hidden = got.following;
  $("composer").hidden = !got.following;
  $("reach").hidden = !got.following;
  const chat = $("chat");
  const atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 80;
  for (const entry of got.entries) {
    chat.append(line(entry, choose));
    known = Math.max(known, entry.seq);
  }
  if (got.entries.length && (atEnd || got.entries.at(-1).side === "resident")) chat.scrollTop = chat.scrollHeight;
  showQuota(got.quota, 5);
  showClock(got.now, got.moved_by);
  showRelation(got, got.followed_at, wecom);
  drawMenu(got.menu, press, wecom);
  showAgreements(accountOf(got.account)?.templates ?? [], got.agreed, (id) => act("agree", { template_id: id }));
}

async function follow(openId) {
  following?.abort();
  const mine = (following = new AbortController());
  phone = api.phoneOf(accountOf($("account").value).channel, openId);
  known = 0;
  $("chat").replaceChildren();
  await phone.hold();
  let version = -1;
  while (!mine.signal.aborted) {
    try {
      const got = await phone.chat(known, version, mine.signal);
      if (mine.signal.aborted) return;
      version = got.version;
      draw(got);
      showPushes(await phone.pushes());
    } catch (error) {
      if (mine.signal.aborted) return;
      complain(texts.unreachable);
      await new Promise((wake) => setTimeout(wake, 3000));
      if (error instanceof api.Refused) return;
    }
  }
}

function options(select, items, chosen) {
  select.replaceChildren(...items.map(([value, words]) => new Option(words, value, false, value === chosen)));
}

function titleOf(account) {
  const title = account.channel === "wecom" ? texts.wecom : texts.official;
  const alike = world.accounts.filter((other) => other.channel === account.channel);
  return alike.length > 1 ? `${title} ${alike.indexOf(account) + 1}` : title;
}

async function chooseAccount(appId, openId) {
  const account = accountOf(appId);
  $("account").value = appId;
  $("title").textContent = titleOf(account);
  people = (await api.residents(account.channel)).filter((one) => one.account === appId);
  if (!people.length) people = [await api.addResident(account.channel, appId)];
  const chosen = people.find((one) => one.open_id === openId) ?? people[0];
  options($("resident"), people.map((one) => [one.open_id, one.name]), chosen.open_id);
  $("scenes").replaceChildren(...(account.scenes ?? []).map((scene) => new Option(scene, scene)));
  follow(chosen.open_id);
}

function label() {
  document.title = texts.page;
  for (const one of document.querySelectorAll("[data-text]")) one.textContent = texts[one.dataset.text];
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", texts[one.dataset.label]);
  for (const one of document.querySelectorAll("[data-placeholder]")) one.placeholder = texts[one.dataset.placeholder];
  $("typing").textContent = texts.typing;
  $("moves").replaceChildren(
    ...texts.moves.map(({ title, seconds }) => {
      const made = document.createElement("button");
      made.textContent = title;
      made.addEventListener("click", () => doing(api.move(seconds)));
      return made;
    }),
  );
}

function listen() {
  startComposer({ write: (words) => act("text", { content: words }), send });
  const enter = () => act(isWecom() ? "enter" : "follow");
  $("follow").addEventListener("click", enter);
  $("invitation-follow").addEventListener("click", enter);
  $("unfollow").addEventListener("click", () => act("unfollow"));
  $("scanning").addEventListener("submit", (event) => {
    event.preventDefault();
    if ($("scene").value.trim()) act("scan", { scene: $("scene").value.trim() });
  });
  $("account").addEventListener("change", () => doing(chooseAccount($("account").value)));
  $("resident").addEventListener("change", () => doing(chooseAccount($("account").value, $("resident").value)));
  $("new-resident").addEventListener("click", () =>
    doing(api.addResident(accountOf($("account").value).channel, $("account").value).then((made) => chooseAccount(made.account, made.open_id))),
  );
  const panel = (open) => document.body.classList.toggle("panel-open", open);
  $("open-panel").addEventListener("click", () => panel(true));
  $("close-panel").addEventListener("click", () => panel(false));
}

label();
listen();
await doing(
  api.state().then((got) => {
    world = got;
    options($("account"), world.accounts.map((account) => [account.app_id, titleOf(account)]));
    return chooseAccount(world.accounts[0].app_id);
  }),
);
setInterval(() => person && showClock((person.now += 1), person.moved_by), 1000);
