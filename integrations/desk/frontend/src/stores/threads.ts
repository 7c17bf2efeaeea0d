import { computed, reactive } from "vue";

import { ApiError, type DeskApi } from "../api/client";
import type { Conversation, Message, Reach, Resident } from "../api/types";
import { texts } from "../texts";
import { coalesce } from "./coalesce";

export interface Thread {
  readonly id: string;
  phase: "loading" | "ready" | "failed";
  error: string;
  conversation: Conversation | null;
  resident: Resident | null;
  reach: Reach | null;
  /** The last `seq` that `reach` knows of. */
  reachSeq: number;
  /** In order of `seq`, each once. */
  messages: Message[];
}

/** How many conversations stay in memory for an instant switch. */
const KEPT = 12;
/** So many of the latest messages are followed until they have arrived. */
const WATCHED = 100;
/** Blocks after which the right pane may be out of date. */
const CHANGES_RESIDENT = new Set(["ticket_card", "bill_card"]);

/** Merge by `seq`: whatever way a message came, and however often, it is there once; the newer copy wins. */
export function mergeBySeq(known: Message[], more: Message[]): Message[] {
  if (more.length === 0) return known;
  const bySeq = new Map(known.map((message) => [message.seq, message]));
  for (const message of more) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** The last `seq` before the first hole; what to ask `after_seq` with. */
export function contiguousSeq(messages: Message[]): number {
  let last = (messages[0]?.seq ?? 1) - 1;
  for (const { seq } of messages) {
    if (seq !== last + 1) break;
    last = seq;
  }
  return last;
}

/** Those of the latest messages that may still arrive, or not. */
export function unsettled(messages: Message[]): Message[] {
  return messages.slice(-WATCHED).filter(({ delivery }) => delivery === "pending" || delivery === "waiting");
}

/** The conversations that were opened, and the one that is open. */
export function createThreads(api: DeskApi) {
  const state = reactive<{ currentId: string | null; byId: Record<string, Thread> }>({ currentId: null, byId: {} });
  const catchers = new Map<string, () => Promise<void>>();
  const reloaders = new Map<string, () => Promise<void>>();
  const current = computed(() => (state.currentId === null ? null : (state.byId[state.currentId] ?? null)));

  function threadOf(id: string): Thread {
    const known = state.byId[id];
    if (known) return known;
    state.byId[id] = { id, phase: "loading", error: "", conversation: null, resident: null, reach: null, reachSeq: 0, messages: [] };
    dropOldest();
    return state.byId[id];
  }

  function dropOldest(): void {
    for (const id of Object.keys(state.byId).slice(0, -KEPT)) {
      if (id === state.currentId) continue;
      Reflect.deleteProperty(state.byId, id);
      catchers.delete(id);
      reloaders.delete(id);
    }
  }

  async function open(id: string): Promise<void> {
    state.currentId = id;
    threadOf(id);
    await reload(id);
  }

  function leave(): void {
    state.currentId = null;
  }

  /** Fetch everything of a conversation, the resident's side included. */
  function reload(id: string): Promise<void> {
    return runnerOf(reloaders, id, async () => {
      const thread = threadOf(id);
      try {
        const detail = await api.conversation(id);
        know(thread, detail);
        thread.resident = detail.resident;
        thread.messages = mergeBySeq(thread.messages, detail.messages);
        thread.phase = "ready";
        thread.error = "";
        await pullRest(thread);
      } catch (error) {
        thread.error = error instanceof ApiError ? error.message : texts.errors.general;
        // What is on the screen stays there while the line is down.
        if (thread.phase === "loading" || (error instanceof ApiError && !error.temporary)) thread.phase = "failed";
        throw error;
      }
    })();
  }

  /** Fetch what is missing after the last message without a hole, and how those fared that were on their way. */
  function catchUp(id: string): Promise<void> {
    return runnerOf(catchers, id, async () => {
      const thread = state.byId[id];
      if (!thread) return;
      if (thread.phase !== "ready") {
        await reload(id);
        return;
      }
      const known = contiguousSeq(thread.messages);
      await pull(thread, Math.min(known, (unsettled(thread.messages)[0]?.seq ?? known + 1) - 1));
      await pullRest(thread);
    })();
  }

  function know(thread: Thread, news: { conversation: Conversation; reach: Reach }): void {
    thread.conversation = news.conversation;
    thread.reach = news.reach;
    thread.reachSeq = news.conversation.last_seq;
  }

  async function pull(thread: Thread, after: number): Promise<number> {
    const page = await api.messages(thread.id, after);
    know(thread, page);
    take(thread, page.messages);
    return page.messages.length;
  }

  /** The server gives a long conversation in pages. */
  async function pullRest(thread: Thread): Promise<void> {
    while (contiguousSeq(thread.messages) < (thread.conversation?.last_seq ?? 0)) {
      if ((await pull(thread, contiguousSeq(thread.messages))) === 0) return;
    }
  }

  function runnerOf(runners: Map<string, () => Promise<void>>, id: string, work: () => Promise<void>): () => Promise<void> {
    let runner = runners.get(id);
    if (!runner) {
      runner = coalesce(work);
      runners.set(id, runner);
    }
    return runner;
  }

  function take(thread: Thread, messages: Message[]): void {
    const before = thread.messages.at(-1)?.seq ?? 0;
    thread.messages = mergeBySeq(thread.messages, messages);
    const fresh = messages.filter((message) => message.seq > before);
    if (fresh.some((message) => message.blocks.some((block) => CHANGES_RESIDENT.has(block.kind)))) {
      void reload(thread.id).catch(() => undefined);
    }
  }

  /** A message that was pushed or answered a request; a hole before it is filled from the server. */
  function receive(message: Message): void {
    const thread = state.byId[message.conversation_id];
    if (thread?.phase !== "ready") return;
    take(thread, [message]);
    const hole = contiguousSeq(thread.messages) < (thread.messages.at(-1)?.seq ?? 0);
    // On a limited channel each message changes what may still be sent.
    if (hole || (thread.reach?.limited === true && message.seq > thread.reachSeq)) {
      void catchUp(thread.id).catch(() => undefined);
    }
  }

  /** A conversation whose owner or state changed. */
  function update(conversation: Conversation): void {
    const thread = state.byId[conversation.id];
    if (thread?.phase !== "ready") return;
    // The server also tells of a conversation when something in it could not be delivered.
    const changed = thread.conversation?.state !== conversation.state || thread.reach?.limited === true;
    thread.conversation = conversation;
    if (changed) void catchUp(conversation.id).catch(() => undefined);
  }

  function clear(): void {
    state.currentId = null;
    state.byId = {};
    catchers.clear();
    reloaders.clear();
  }

  return { state, current, open, leave, reload, catchUp, receive, update, clear };
}

export type Threads = ReturnType<typeof createThreads>;
