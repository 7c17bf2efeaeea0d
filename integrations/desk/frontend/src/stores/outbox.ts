import { reactive } from "vue";

import { ApiError, type DeskApi } from "../api/client";
import type { Message } from "../api/types";
import { newId } from "../ids";
import { texts } from "../texts";
import { type Store, read, write } from "./storage";

export interface Outgoing {
  client_message_id: string;
  conversation_id: string;
  kind: "reply" | "note";
  text: string;
  /** `refused`: trying again by itself would not help; the agent decides. */
  state: "sending" | "retrying" | "refused";
  error: string;
}

const PAUSES_MS = [1000, 2000, 5000, 10_000, 30_000];

/**
 * What the agent has written and the server has not confirmed. Kept over a reload; sent in order, one at a time for
 * each conversation, always with the id it got first, so that a lost answer never makes a second message.
 */
export function createOutbox(
  api: DeskApi,
  store: Store,
  delivered: (message: Message) => void,
  pause: (milliseconds: number) => Promise<void> = (milliseconds) =>
    new Promise((done) => window.setTimeout(done, milliseconds)),
) {
  const state = reactive({ items: [] as Outgoing[] });
  const busy = new Set<string>();
  let owner: string | null = null;

  function keep(): void {
    if (owner !== null) write(store, owner, state.items);
  }

  /** Take up what an earlier page of the same agent left. Another agent's is never sent. */
  function resume(agentId: number): void {
    owner = `guanjia.desk.outbox.${agentId}`;
    state.items = read<Outgoing[]>(store, owner, []);
    for (const id of new Set(state.items.map((item) => item.conversation_id))) void pump(id);
  }

  /** Stop sending; what is left waits in the store for the next sign-in. */
  function suspend(): void {
    owner = null;
    state.items = [];
  }

  function send(conversationId: string, kind: Outgoing["kind"], text: string): void {
    state.items.push({
      client_message_id: newId(),
      conversation_id: conversationId,
      kind,
      text,
      state: "sending",
      error: "",
    });
    keep();
    void pump(conversationId);
  }

  function find(id: string): Outgoing | undefined {
    return state.items.find((item) => item.client_message_id === id);
  }

  function remove(id: string): void {
    state.items = state.items.filter((item) => item.client_message_id !== id);
    keep();
  }

  function retry(id: string): void {
    const item = find(id);
    if (!item) return;
    item.state = "sending";
    keep();
    void pump(item.conversation_id);
  }

  /** A message came back by another way (push, catch-up): then its request succeeded, whatever became of the answer. */
  function confirm(message: Message): void {
    if (message.direction === "out" && message.client_message_id !== null && find(message.client_message_id)) {
      remove(message.client_message_id);
    }
  }

  function of(conversationId: string): Outgoing[] {
    return state.items.filter((item) => item.conversation_id === conversationId);
  }

  async function pump(conversationId: string): Promise<void> {
    if (busy.has(conversationId)) return;
    busy.add(conversationId);
    const mine = owner;
    let failures = 0;
    try {
      for (;;) {
        const next = of(conversationId).find((item) => item.state !== "refused");
        if (!next || owner !== mine) break;
        if (await attempt(next)) {
          failures = 0;
        } else {
          await pause(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 0);
          failures += 1;
        }
      }
    } finally {
      busy.delete(conversationId);
    }
  }

  /** Returns false when the same item should be tried again after a pause. */
  async function attempt(item: Outgoing): Promise<boolean> {
    const draft = { client_message_id: item.client_message_id, text: item.text };
    try {
      const send = item.kind === "reply" ? api.reply(item.conversation_id, draft) : api.note(item.conversation_id, draft);
      const message = await send;
      remove(item.client_message_id);
      delivered(message);
      return true;
    } catch (error) {
      const current = find(item.client_message_id);
      if (!current) return true;
      const failure = error instanceof ApiError ? error : new ApiError(0, "unknown", texts.errors.general);
      current.error = failure.message;
      // Signed out: it stays as it is and goes out after the next sign-in.
      const again = failure.temporary || failure.status === 401;
      current.state = again ? "retrying" : "refused";
      keep();
      return !again;
    }
  }

  return { state, resume, suspend, send, retry, remove, confirm, of };
}

export type Outbox = ReturnType<typeof createOutbox>;
