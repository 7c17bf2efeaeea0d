import { describe, expect, test } from "vitest";
import { nextTick, ref } from "vue";

import type { Message } from "../src/api/types";
import { useUnread } from "../src/chat/composables/unread";
import { memoryStore } from "../src/lib/storage";
import { B, asked, said, scoped } from "./helpers";

describe("unread", () => {
  test("counts answers that came while nobody looked, and not the resident's own messages", async () => {
    const messages = ref<Message[]>([said(1)]);
    const visible = ref(true);
    const unread = scoped(() => useUnread(memoryStore(), messages, visible));
    expect(unread.value).toBe(0);
    visible.value = false;
    messages.value = [said(1), asked(2, "在吗"), said(3), said(1, { conversation_id: B })];
    await nextTick();
    expect(unread.value).toBe(2);
    visible.value = true;
    await nextTick();
    expect(unread.value).toBe(0);
  });

  test("survives a reload", () => {
    const store = memoryStore();
    scoped(() => useUnread(store, ref([said(1)]), ref(true)));
    const unread = scoped(() => useUnread(store, ref([said(1), said(2)]), ref(false)));
    expect(unread.value).toBe(1);
  });
});
