import { computed, type InjectionKey, inject, ref, watch } from "vue";

import { createAlerts } from "./alerts";
import { ApiError, DeskApi } from "./api/client";
import type { Agent, Alarm, Message, QueueItem } from "./api/types";
import { createHotline } from "./hotline/store";
import { standingOf } from "./reach";
import { Realtime } from "./realtime";
import { coalesce } from "./stores/coalesce";
import { createDrafts } from "./stores/drafts";
import { createFollower } from "./stores/follower";
import { createOutbox } from "./stores/outbox";
import { createOverview, type News } from "./stores/overview";
import { createSession } from "./stores/session";
import { tabStore } from "./stores/storage";
import { createThreads, unsettled } from "./stores/threads";
import { texts } from "./texts";

const ADDRESS = /^#\/c\/([0-9a-f]{32})$/;
const HOTLINE_ADDRESS = "#/hotline";

function lastingStore(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** Puts the parts together: one desk per page. */
export function createDesk(warn: (text: string) => void) {
  const api = new DeskApi();
  const store = tabStore();
  const session = createSession(api);
  const alerts = createAlerts(lastingStore());
  const overview = createOverview(api, store, { news: announce, agent: updateAgent });
  const threads = createThreads(api);
  const outbox = createOutbox(api, store, receive);
  const drafts = createDrafts(store);
  const hotline = createHotline(api, () => session.state.agent);
  const realtime = new Realtime({
    refresh: () => catchUp(),
    overview: () => void refreshOverview(),
    message: receive,
    conversation: (conversation) => threads.update(conversation),
    alarm: () => void refreshOverview(),
  });
  /** Ticks every second in the server's time, so that all waiting times count together. */
  const now = ref(Date.now());
  let ticking = 0;
  /** Conversations, or the hotline; the address says which. */
  const page = ref<"chats" | "hotline">("chats");

  const myConversation = computed(
    () => threads.current.value?.conversation?.state === "human" && isMine(threads.current.value.conversation.agent_id),
  );

  /** What may be sent in the conversation on the screen. */
  const standing = computed(() => {
    const thread = threads.current.value;
    return thread && standingOf(thread, outbox.of(thread.id), now.value);
  });
  const follower = createFollower(() => lookAgain());
  /** What of the conversation on the screen may change without a push: deliveries, an invitation, a window's end. */
  const unsettledNow = computed(() => {
    const thread = threads.current.value;
    if (thread?.phase !== "ready") return "";
    const messages = unsettled(thread.messages).map(({ seq, delivery }) => `${seq}${delivery ?? ""}`);
    if (thread.reach?.invite === "pending") messages.push("invite");
    if (standing.value?.blocked === "closed" && thread.reach?.closes_at) messages.push("closed");
    return messages.length === 0 ? "" : [thread.id, thread.messages.at(-1)?.seq ?? 0, ...messages].join();
  });

  function isMine(agentId: number | null): boolean {
    return agentId !== null && agentId === session.state.agent?.id;
  }

  function announce(news: News): void {
    if (news.alarms.length > 0) alerts.raise("alarm", 0);
    else if (news.waiting.length > 0) alerts.raise("waiting", overview.counts.value.waiting);
    else if (news.messages.some((one) => document.hidden || one.id !== threads.state.currentId)) alerts.raise("message", 0);
  }

  /** The server takes an agent off duty whose page was silent, asleep for example. They have to know. */
  function updateAgent(agent: Agent): void {
    const before = session.state.agent;
    session.update(agent);
    if (before?.id === agent.id && before.status !== "offline" && agent.status === "offline") warn(texts.topBar.takenOff);
  }

  function receive(message: Message): void {
    outbox.confirm(message);
    threads.receive(message);
  }

  async function refreshOverview(): Promise<void> {
    if (session.state.phase === "signed_in") await overview.refresh().catch(() => undefined);
  }

  const catchUp = coalesce(async () => {
    if (session.state.phase !== "signed_in") return;
    await overview.refresh();
    if (threads.state.currentId !== null) await threads.catchUp(threads.state.currentId).catch(unlessTemporary);
  });

  function unlessTemporary(error: unknown): void {
    if (error instanceof ApiError && error.temporary) throw error;
  }

  /** Run an agent's action; a refusal is told, and the lists are brought up to date either way. */
  async function act(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      warn(error instanceof ApiError ? error.message : texts.errors.general);
      return false;
    } finally {
      void refreshOverview();
    }
  }

  async function open(conversationId: string): Promise<void> {
    page.value = "chats";
    realtime.watch(conversationId);
    if (location.hash !== `#/c/${conversationId}`) location.hash = `#/c/${conversationId}`;
    await threads.open(conversationId).catch(() => undefined);
  }

  function leave(): void {
    threads.leave();
    realtime.watch(null);
    page.value = "chats";
    if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  }

  /** Show the hotline, or what was on the screen before it. */
  function turnTo(wanted: "chats" | "hotline"): void {
    const current = threads.state.currentId;
    if (wanted === "hotline") location.hash = HOTLINE_ADDRESS;
    else if (current !== null) location.hash = `#/c/${current}`;
    else leave();
  }

  /** Show what the address names. */
  function follow(): void {
    page.value = location.hash === HOTLINE_ADDRESS ? "hotline" : "chats";
    if (page.value === "hotline") return;
    const id = ADDRESS.exec(location.hash)?.[1];
    if (id === undefined) leave();
    else if (id !== threads.state.currentId) void open(id);
  }

  async function take(item: Pick<QueueItem, "id" | "conversation_id">): Promise<void> {
    if (await act(() => api.take(item.id))) await open(item.conversation_id);
  }

  async function join(conversationId: string): Promise<void> {
    if (await act(() => api.join(conversationId))) await threads.reload(conversationId).catch(() => undefined);
  }

  async function returnToBot(conversationId: string): Promise<void> {
    await act(async () => threads.update(await api.returnToBot(conversationId)));
  }

  async function close(conversationId: string): Promise<void> {
    await act(async () => threads.update(await api.close(conversationId)));
  }

  async function lookAgain(): Promise<void> {
    if (session.state.phase === "signed_in" && threads.state.currentId !== null) await threads.catchUp(threads.state.currentId);
  }

  async function invite(conversationId: string): Promise<void> {
    await act(() => api.invite(conversationId));
    await threads.catchUp(conversationId).catch(() => undefined);
  }

  /** The resident's whole number, or an empty text where it was refused. It is kept nowhere. */
  async function phone(conversationId: string): Promise<string> {
    let number = "";
    await act(async () => {
      number = (await api.phone(conversationId)).phone;
    });
    return number;
  }

  async function acknowledge(alarm: Alarm): Promise<void> {
    await act(() => overview.acknowledge(alarm));
  }

  async function logout(): Promise<void> {
    await act(async () => {
      await session.logout(drafts.forget);
      leave();
    });
  }

  function signedIn(agentId: number): void {
    outbox.resume(agentId);
    drafts.resume(agentId);
    realtime.start();
    follow();
    ticking = window.setInterval(() => (now.value = Date.now() + overview.state.skewMs), 1_000);
    window.addEventListener("hashchange", follow);
  }

  function signedOut(): void {
    window.removeEventListener("hashchange", follow);
    window.clearInterval(ticking);
    realtime.stop();
    outbox.suspend();
    threads.clear();
    overview.clear();
    hotline.clear();
    drafts.suspend();
  }

  watch(
    () => session.state.agent?.id ?? null,
    (id, before) => {
      if (before !== null) signedOut();
      if (id !== null) signedIn(id);
    },
    { flush: "sync" },
  );
  watch(
    () => overview.counts.value.alarms,
    (count) => alerts.setAlarms(count),
  );
  watch(unsettledNow, follower.follow);
  // What is on the screen of a person who looks at it has been seen.
  watch(
    () => [threads.current.value?.messages.at(-1)?.seq ?? 0, now.value] as const,
    ([seq]) => {
      const current = threads.current.value;
      if (current && seq > 0 && !document.hidden) overview.markSeen(current.id, seq);
    },
  );

  async function start(): Promise<void> {
    alerts.start();
    await session.restore();
  }

  return {
    session,
    overview,
    threads,
    outbox,
    drafts,
    realtime,
    alerts,
    hotline,
    now,
    page,
    myConversation,
    standing,
    start,
    isMine,
    act,
    logout,
    open,
    leave,
    turnTo,
    take,
    join,
    returnToBot,
    close,
    invite,
    phone,
    acknowledge,
  };
}

export type Desk = ReturnType<typeof createDesk>;
export const DESK: InjectionKey<Desk> = Symbol("desk");

/** The desk of this page, inside its components. */
export function useDesk(): Desk {
  const desk = inject(DESK);
  if (!desk) throw new Error("no desk provided");
  return desk;
}
