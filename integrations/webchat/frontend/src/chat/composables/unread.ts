import { type ComputedRef, type Ref, computed, ref, watch } from "vue";

import type { Message } from "../../api/types";
import { type Store, readJson } from "../../lib/storage";

const READ = "read";

function marks(store: Store): Record<string, number> {
  const value = readJson(store, READ);
  return typeof value === "object" && value !== null ? (value as Record<string, number>) : {};
}

/** How many answers arrived while nobody looked; what has been on a visible page counts as read. */
export function useUnread(store: Store, messages: Ref<Message[]>, visible: Ref<boolean>): ComputedRef<number> {
  const read = ref(marks(store));
  watch(
    [messages, visible],
    () => {
      if (!visible.value || messages.value.length === 0) return;
      const newest: Record<string, number> = {};
      for (const message of messages.value) newest[message.conversation_id] = message.seq;
      read.value = newest;
      store.set(READ, JSON.stringify(newest));
    },
    { immediate: true },
  );
  return computed(() => {
    const unread = (message: Message): boolean =>
      message.direction === "out" && message.seq > (read.value[message.conversation_id] ?? 0);
    return messages.value.filter(unread).length;
  });
}
