import { ApiError, type DeskApi } from "../src/api/client";
import type { Agent, Alarm, Conversation, ConversationDetail, Message, Overview, QueueItem, Reach, Resident } from "../src/api/types";
import type { Store } from "../src/stores/storage";

export const ID = "a".repeat(32);
export const OTHER = "b".repeat(32);
export const NOW = "2026-11-21T02:00:00Z";

export function agent(more: Partial<Agent> = {}): Agent {
  return {
    id: 1,
    username: "xiaoli",
    display_name: "小李",
    role: "agent",
    status: "online",
    active: 1,
    max_active: 5,
    ...more,
  };
}

export function message(seq: number, more: Partial<Message> = {}): Message {
  return {
    conversation_id: ID,
    seq,
    direction: "in",
    author: "resident",
    author_name: "",
    at: NOW,
    client_message_id: `resident-${seq}`,
    text: `第${seq}条`,
    upload_ids: [],
    blocks: [],
    reply_to_seq: null,
    note: false,
    delivery: null,
    reason: null,
    ...more,
  };
}

export function conversation(more: Partial<Conversation> = {}): Conversation {
  return {
    id: ID,
    channel: "webchat",
    state: "human",
    agent_id: 1,
    agent_name: "小李",
    resident_name: "王**",
    home: "翠湖花园3栋2单元501",
    queue_item_id: null,
    may_join: false,
    awaiting_since: null,
    last_seq: 0,
    last_resident_seq: 0,
    last_at: NOW,
    preview: "",
    preview_kind: "text",
    opened_at: NOW,
    closed_at: null,
    ...more,
  };
}

export function queueItem(id: number, more: Partial<QueueItem> = {}): QueueItem {
  return {
    id,
    conversation_id: OTHER,
    channel: "webchat",
    kind: "chat",
    reason: "asked",
    resident_name: "",
    home: null,
    preview: "转人工",
    preview_kind: "text",
    waiting_since: NOW,
    ...more,
  };
}

export function alarm(id: number, more: Partial<Alarm> = {}): Alarm {
  return {
    id,
    conversation_id: OTHER,
    ticket_number: "WX261121-0001",
    kind: "gas",
    text: "闻到煤气味",
    home: null,
    raised_at: NOW,
    acknowledged_at: null,
    acknowledged_by: null,
    ...more,
  };
}

export function overviewOf(more: Partial<Overview> = {}): Overview {
  return { now: NOW, agent: agent(), waiting: [], mine: [], alarms: [], others: [], ...more };
}

export const nobody: Resident = {
  verified: false,
  name_masked: "",
  phone_masked: null,
  homes: [],
  arrears_fen: 0,
  bills: [],
  tickets: [],
  past: [],
};

export const ANYTHING: Reach = {
  limited: false,
  left: null,
  closes_at: null,
  can_reply: true,
  template: false,
  phone: false,
  part_bytes: null,
  invite_again_at: null,
  invite: null,
};

/** Three more within the next day, on a channel with rules of its own. */
export function limited(more: Partial<Reach> = {}): Reach {
  return {
    ...ANYTHING,
    limited: true,
    left: 3,
    closes_at: "2026-11-22T02:15:00Z",
    template: true,
    phone: true,
    part_bytes: 2048,
    ...more,
  };
}

export function detail(messages: Message[], more: Partial<Conversation> = {}): ConversationDetail {
  return { conversation: conversation({ last_seq: messages.at(-1)?.seq ?? 0, ...more }), messages, resident: nobody, reach: ANYTHING };
}

/** A server's interface of which a test gives only what it needs. */
export function fakeApi(parts: { [Name in keyof DeskApi]?: unknown }): DeskApi {
  return parts as DeskApi;
}

export function memoryStore(): Store {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

export const offline = (): ApiError => new ApiError(0, "unreachable", "连不上服务器");

/** Let everything that only waits for promises happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

interface Deferred<Value> {
  promise: Promise<Value>;
  resolve: (value: Value) => void;
  reject: (error: unknown) => void;
}

/** A promise that the test settles itself. */
export function deferred<Value>(): Deferred<Value> {
  let settled: [(value: Value) => void, (error: unknown) => void] | undefined;
  const promise = new Promise<Value>((resolve, reject) => {
    settled = [resolve, reject];
  });
  if (!settled) throw new Error("a promise runs its executor at once");
  return { promise, resolve: settled[0], reject: settled[1] };
}
