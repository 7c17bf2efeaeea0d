import { describe, expect, test } from "vitest";
import { ref } from "vue";

import type { ConversationUpdate, Me, Message, MessagePage } from "../src/api/types";
import { createMessageStore } from "../src/chat/composables/messages";
import type { Session } from "../src/chat/composables/session";
import { createSync } from "../src/chat/composables/sync";
import { A, B, asked, said } from "./helpers";

const update = (id: string, lastSeq: number): ConversationUpdate => ({
  conversation_id: id,
  state: "bot",
  last_seq: lastSeq,
  queue: null,
  agent_name: null,
});

function world(stored: Message[]): {
  asks: string[];
  messages: ReturnType<typeof createMessageStore>;
  sync: ReturnType<typeof createSync>;
  heard: ConversationUpdate[];
  hidden: Set<number>;
} {
  const asks: string[] = [];
  const hidden = new Set<number>();
  const heard: ConversationUpdate[] = [];
  const last = (id: string): number => Math.max(0, ...stored.filter((m) => m.conversation_id === id).map(({ seq }) => seq));
  const get = (path: string): Promise<MessagePage> => {
    const query = new URL(path, "http://x").searchParams;
    const id = query.get("conversation") ?? "";
    const after = Number(query.get("after_seq"));
    asks.push(`${id.slice(0, 1)}>${after}`);
    const found = stored.filter((m) => m.conversation_id === id && m.seq > after && !hidden.has(m.seq));
    return Promise.resolve({ messages: found.slice(0, 50), conversation: update(id, last(id)) });
  };
  const ids = [...new Set(stored.map((m) => m.conversation_id))];
  const open = (): Promise<Me> =>
    Promise.resolve({
      conversation_id: ids.at(-1) ?? null,
      identity: { verified: false, name: null, homes: [] },
      conversations: ids.map((id) => update(id, last(id))),
    });
  const session = { http: { get }, open, generation: ref(0) } as unknown as Session;
  const messages = createMessageStore();
  return { asks, messages, sync: createSync(session, messages, (known) => heard.push(known)), heard, hidden };
}

describe("sync", () => {
  test("reads every conversation from where it stands", async () => {
    const { asks, messages, sync } = world([said(1), said(2), said(1, { conversation_id: B })]);
    await sync.everything();
    expect(asks).toEqual(["a>0", "b>0"]);
    expect(messages.all.value).toHaveLength(3);
    expect(sync.ready.value).toBe(true);
  });

  test("asks nothing about a conversation it has in full", async () => {
    const { asks, sync } = world([said(1), said(2)]);
    await sync.everything();
    await sync.everything();
    expect(asks).toEqual(["a>0"]);
  });

  test("internal notes at the end do not make it ask again and again", async () => {
    const { asks, messages, sync, hidden } = world([said(1), said(2), said(3)]);
    hidden.add(3);
    await sync.everything();
    await sync.everything();
    expect(asks).toEqual(["a>0"]);
    expect(messages.cursor(A)).toBe(3);
  });

  test("goes on while pages are full", async () => {
    const many = Array.from({ length: 120 }, (_, index) => asked(index + 1, "x"));
    const { asks, messages, sync } = world(many);
    await sync.everything();
    expect(asks).toEqual(["a>0", "a>50", "a>100"]);
    expect(messages.all.value).toHaveLength(120);
  });

  test("several questions at the same time become two requests at most", async () => {
    const { asks, sync } = world([said(1)]);
    await Promise.all([sync.conversation(A), sync.conversation(A), sync.conversation(A)]);
    expect(asks).toEqual(["a>0", "a>1"]);
  });

  test("tells the state that came with the messages", async () => {
    const { sync, heard } = world([said(1)]);
    await sync.conversation(A);
    expect(heard).toEqual([update(A, 1)]);
  });
});
