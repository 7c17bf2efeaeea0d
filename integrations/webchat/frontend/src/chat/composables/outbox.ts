import { type ComputedRef, type Ref, computed, ref } from "vue";

import { ApiError, mayPass, sentenceOf } from "../../api/errors";
import type { Choice, Message, OutgoingMessage } from "../../api/types";
import { backoff } from "../../lib/backoff";
import { newId } from "../../lib/ids";
import { type Store, readJson } from "../../lib/storage";

const KEY = "outbox.";
/** After this many attempts the resident is told; trying goes on. */
const TELL_AFTER = 2;

export interface Draft {
  text?: string;
  choice?: Choice;
  /** What the chosen option says, shown in the bubble until the server's copy arrives. */
  choiceTitle?: string;
  uploadIds?: string[];
}

/** A message on its way; its id is the idempotency key and never changes, whatever happens to the page. */
export interface OutboxItem extends Draft {
  id: string;
  createdAt: string;
  /** The server's refusal; such a message is sent again only by hand. */
  problem?: string;
}

export type PendingState = "sending" | "failed" | "rejected";

export interface Pending extends OutboxItem {
  state: PendingState;
}

export interface Outbox {
  pending: ComputedRef<Pending[]>;
  add: (draft: Draft) => OutboxItem;
  /** Sends again now: one refused message, or everything that waits for the network. */
  retry: (id: string) => void;
  discard: (id: string) => void;
  /** The network is back: do not wait any longer. */
  wake: () => void;
  /** The server has these already (seen in its messages). */
  acknowledge: (has: (clientMessageId: string) => boolean) => void;
}

export interface OutboxDependencies {
  store: Store;
  send: (message: OutgoingMessage) => Promise<Message>;
  delivered: (message: Message) => void;
}

function isItem(value: unknown): value is OutboxItem {
  const item = value as Partial<OutboxItem> | null;
  return typeof item?.id === "string" && typeof item.createdAt === "string";
}

function stored(store: Store): OutboxItem[] {
  const items = store.keys().filter((key) => key.startsWith(KEY));
  return items
    .map((key) => readJson(store, key))
    .filter(isItem)
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

function outgoing(item: OutboxItem): OutgoingMessage {
  const message: OutgoingMessage = { client_message_id: item.id };
  if (item.text !== undefined) message.text = item.text;
  if (item.choice !== undefined) message.choice = item.choice;
  if (item.uploadIds !== undefined && item.uploadIds.length > 0) message.upload_ids = item.uploadIds;
  return message;
}

/**
 * Messages that the server has not acknowledged: one after the other, in the order written, each kept in storage
 * until it is acknowledged and repeated with the same id, so that nothing is lost and nothing doubled.
 */
export function createOutbox({ store, send, delivered }: OutboxDependencies): Outbox {
  const items: Ref<OutboxItem[]> = ref(stored(store));
  const attempts = ref(0);
  let running = false;
  let endWait: (() => void) | null = null;

  const keep = (item: OutboxItem): void => store.set(KEY + item.id, JSON.stringify(item));

  function drop(id: string): void {
    store.remove(KEY + id);
    items.value = items.value.filter((item) => item.id !== id);
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function attempt(item: OutboxItem): Promise<void> {
    try {
      const message = await send(outgoing(item));
      attempts.value = 0;
      drop(item.id);
      delivered(message);
    } catch (error) {
      if (mayPass(error)) {
        attempts.value += 1;
        const asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;
        await wait(Math.max(backoff(attempts.value), asked));
        return;
      }
      attempts.value = 0;
      const refused = { ...item, problem: sentenceOf(error) };
      items.value = items.value.map((other) => (other.id === item.id ? refused : other));
      keep(refused);
    }
  }

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    try {
      for (;;) {
        const next = items.value.find((item) => item.problem === undefined);
        if (next === undefined) {
          attempts.value = 0;
          break;
        }
        await attempt(next);
      }
    } finally {
      running = false;
    }
  }

  function wake(): void {
    endWait?.();
    void run();
  }

  void run();

  return {
    pending: computed(() =>
      items.value.map((item) => {
        const waiting = attempts.value >= TELL_AFTER ? "failed" : "sending";
        return { ...item, state: item.problem === undefined ? waiting : "rejected" };
      }),
    ),
    add(draft) {
      const item: OutboxItem = { ...draft, id: newId(), createdAt: new Date().toISOString() };
      keep(item);
      items.value = [...items.value, item];
      wake();
      return item;
    },
    retry(id) {
      items.value = items.value.map((item) => {
        if (item.id !== id || item.problem === undefined) return item;
        const again = { ...item };
        delete again.problem;
        keep(again);
        return again;
      });
      attempts.value = 0;
      wake();
    },
    discard: drop,
    wake,
    acknowledge(has) {
      for (const item of items.value) if (has(item.id)) drop(item.id);
    },
  };
}
