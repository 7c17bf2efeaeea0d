// The control panel: whose phone it is, the quota, the platform's clock, what was pushed.
import { element, moment } from "./bubbles.mjs";
import { texts } from "./texts.mjs";

const $ = (id) => document.getElementById(id);
const SHOWN_PUSHES = 8;

export function showQuota(quota, allowed) {
  const { left, closes_at: until } = quota;
  let words = texts.quotaNone;
  if (until !== null) words = left ? texts.quotaLeft(left, moment(until)) : texts.quotaUsed(moment(until));
  $("quota").textContent = words;
  $("reach").textContent = left ? texts.reachLeft(left) : texts.reachNone;
  $("reach").classList.toggle("over", !left);
  $("dots").replaceChildren(
    ...Array.from({ length: Math.max(allowed, left) }, (_, n) => element("span", n < left ? "left" : "")),
  );
}

export function showClock(now, movedBy) {
  const hours = Math.floor(Math.round(movedBy) / 3600);
  const minutes = Math.floor((Math.round(movedBy) % 3600) / 60);
  const by = [hours ? texts.hours(hours) : "", minutes ? texts.minutes(minutes) : ""].filter(Boolean).join(" ");
  $("clock").textContent = `${moment(now)} · ${by ? texts.moved(by) : texts.notMoved}`;
}

export function showRelation(person, since, wecom) {
  const said = wecom ? [texts.inSession, texts.notInSession] : [texts.followingSince(moment(since)), texts.notFollowing];
  $("following").textContent = person.following ? said[0] : said[1];
  $("follow").disabled = person.following && !wecom;
  $("unfollow").disabled = !person.following;
  $("relation").querySelector("h3").textContent = wecom ? texts.session : texts.relation;
  $("unfollow").hidden = wecom;
  $("scanning").hidden = wecom;
  $("follow").textContent = wecom ? texts.enter : texts.follow;
  $("invitation-follow").textContent = wecom ? texts.enter : texts.follow;
  $("invitation-text").textContent = wecom ? texts.wecomInvitation : texts.invitation;
}

export function showAgreements(templates, agreed, agree) {
  const oneTime = templates.filter((template) => template.one_time);
  $("one-time").hidden = !oneTime.length;
  $("agreements").replaceChildren(
    ...oneTime.map((template) => {
      const item = element("li", "spread");
      const button = element("button", "", texts.agree);
      button.addEventListener("click", () => agree(template.id));
      const name = texts.templates[template.kind] ?? texts.otherTemplate;
      item.append(element("span", "", `${name} · ${texts.agreed(agreed[template.id] ?? 0)}`), button);
      return item;
    }),
  );
}

export function showPushes(pushes) {
  const newest = pushes.slice(-SHOWN_PUSHES).reverse();
  const items = newest.map((push) => {
    const item = element("li", `push ${push.state}`);
    const how = push.deliveries.map((delivery) => texts.verdicts[delivery.verdict]).join("、");
    item.append(
      element("strong", "", texts.pushKinds[push.what] ?? texts.otherPush),
      element("span", "", [texts.pushStates[push.state], how].filter(Boolean).join("：")),
    );
    return item;
  });
  $("pushes").replaceChildren(...(items.length ? items : [element("li", "fact", texts.noPushes)]));
}
