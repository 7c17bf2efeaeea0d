import { type ComputedRef, computed, shallowRef, triggerRef } from "vue";

import type { Message } from "../../api/types";

/**
 * What the server said, each message once, in order.
 *
 * A message's key is (conversation, seq). `cursor(conversation)` is the seq up to which nothing the resident may see
 * is missing. Seqs of agents' internal notes never arrive, so a jump in the numbers alone proves no loss: a jump asks
 * the server once, and its answer moves the cursor.
 */
export interface MessageStore {
  /** All messages, conversations in the order they began. */
  all: ComputedRef<Message[]>;
  /** Adds pushed messages; returns the conversations in which something before them may be missing. */
  push: (messages: Message[]) => string[];
  /** Adds what the server answered to `after_seq = cursor`: complete up to its last message and to `upTo`. */
  fill: (conversation: string, messages: Message[], upTo?: number) => void;
  cursor: (conversation: string) => number;
  hasClientMessage: (clientMessageId: string) => boolean;
  clear: () => void;
}

interface Thread {
  bySeq: Map<number, Message>;
  cursor: number;
}

function inOrder(thread: Thread): Message[] {
  return [...thread.bySeq.values()].sort((a, b) => a.seq - b.seq);
}

const began = (messages: Message[]): number => Date.parse(messages[0]?.at ?? "");

export function createMessageStore(): MessageStore {
  const threads = shallowRef(new Map<string, Thread>());
  const clientIds = new Set<string>();

  function put(message: Message): Thread {
    const found = threadOf(message.conversation_id);
    // Stored messages never change, so the first copy is as good as any later one.
    if (!found.bySeq.has(message.seq)) found.bySeq.set(message.seq, message);
    if (message.direction === "in" && message.client_message_id) clientIds.add(message.client_message_id);
    return found;
  }

  function threadOf(conversation: string): Thread {
    let found = threads.value.get(conversation);
    if (found === undefined) {
      found = { bySeq: new Map(), cursor: 0 };
      threads.value.set(conversation, found);
    }
    return found;
  }

  /** Moves over messages that arrived ahead of a gap which is closed now. */
  function advance(found: Thread): void {
    while (found.bySeq.has(found.cursor + 1)) found.cursor += 1;
  }

  return {
    all: computed(() =>
      [...threads.value.values()]
        .map(inOrder)
        .filter((messages) => messages.length > 0)
        .sort((a, b) => began(a) - began(b))
        .flat(),
    ),
    push(messages) {
      const touched = new Map<string, Thread>();
      for (const message of messages) touched.set(message.conversation_id, put(message));
      for (const found of touched.values()) advance(found);
      triggerRef(threads);
      return [...touched].filter(([, found]) => Math.max(...found.bySeq.keys()) > found.cursor).map(([id]) => id);
    },
    fill(conversation, messages, upTo = 0) {
      const found = threadOf(conversation);
      for (const message of messages) {
        put(message);
        if (message.conversation_id === conversation) found.cursor = Math.max(found.cursor, message.seq);
      }
      found.cursor = Math.max(found.cursor, upTo);
      advance(found);
      triggerRef(threads);
    },
    cursor: (conversation) => threads.value.get(conversation)?.cursor ?? 0,
    hasClientMessage: (clientMessageId) => clientIds.has(clientMessageId),
    clear() {
      threads.value = new Map();
      clientIds.clear();
    },
  };
}
