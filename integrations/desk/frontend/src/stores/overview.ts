import { computed, reactive } from "vue";

import type { DeskApi } from "../api/client";
import type { Agent, Alarm, Conversation, Overview, QueueItem } from "../api/types";
import { coalesce } from "./coalesce";
import { type Store, read, write } from "./storage";

/** What came since the last look: the reason for a sound. */
export interface News {
  waiting: QueueItem[];
  alarms: Alarm[];
  messages: Conversation[];
}

const SEEN = "guanjia.desk.seen";

/** The lists of the left pane, and what of them the agent has not noticed yet. */
export function createOverview(
  api: DeskApi,
  store: Store,
  tell: { news: (news: News) => void; agent: (agent: Agent) => void },
) {
  const state = reactive({
    loaded: false,
    waiting: [] as QueueItem[],
    mine: [] as Conversation[],
    others: [] as Conversation[],
    alarms: [] as Alarm[],
    /** Server's clock minus this computer's, so that waiting times are right on a computer whose clock is not. */
    skewMs: 0,
    /** The highest `seq` the agent has had on the screen, by conversation. */
    seen: read<Record<string, number>>(store, SEEN, {}),
  });

  const openAlarms = computed(() => state.alarms.filter((alarm) => alarm.acknowledged_at === null));
  const unread = computed(() => state.mine.filter((conversation) => isUnread(conversation)));
  const counts = computed(() => ({
    waiting: state.waiting.length,
    mine: state.mine.length,
    others: state.others.length,
    alarms: openAlarms.value.length,
    unread: unread.value.length,
  }));

  function isUnread(conversation: Conversation): boolean {
    return conversation.awaiting_since !== null && conversation.last_resident_seq > (state.seen[conversation.id] ?? 0);
  }

  function markSeen(conversationId: string, seq: number): void {
    if (seq <= (state.seen[conversationId] ?? 0)) return;
    state.seen[conversationId] = seq;
    write(store, SEEN, state.seen);
  }

  function apply(next: Overview): void {
    const news = state.loaded ? newsBetween(state, next) : { waiting: [], alarms: openOf(next.alarms), messages: [] };
    state.waiting = next.waiting;
    state.mine = next.mine;
    state.others = next.others;
    state.alarms = next.alarms;
    state.skewMs = Date.parse(next.now) - Date.now();
    state.loaded = true;
    forget(next.mine);
    tell.agent(next.agent);
    if (news.waiting.length + news.alarms.length + news.messages.length > 0) tell.news(news);
  }

  /** What the agent no longer holds needs no memory. */
  function forget(mine: Conversation[]): void {
    const held = new Set(mine.map((conversation) => conversation.id));
    state.seen = Object.fromEntries(Object.entries(state.seen).filter(([id]) => held.has(id)));
    write(store, SEEN, state.seen);
  }

  const refresh = coalesce(async () => apply(await api.overview()));

  async function acknowledge(alarm: Alarm): Promise<void> {
    const acknowledged = await api.acknowledge(alarm.id);
    state.alarms = state.alarms.map((one) => (one.id === acknowledged.id ? acknowledged : one));
  }

  function clear(): void {
    Object.assign(state, { loaded: false, waiting: [], mine: [], others: [], alarms: [], seen: {} });
    store.removeItem(SEEN);
  }

  return { state, counts, openAlarms, isUnread, markSeen, refresh, acknowledge, apply, clear };
}

function openOf(alarms: Alarm[]): Alarm[] {
  return alarms.filter((alarm) => alarm.acknowledged_at === null);
}

/** What `after` has that `before` had not; a conversation has news when a resident wrote in it. */
export function newsBetween(before: Pick<Overview, "waiting" | "alarms" | "mine">, after: Overview): News {
  const items = new Set(before.waiting.map((item) => item.id));
  const alarms = new Set(before.alarms.map((alarm) => alarm.id));
  const seqs = new Map(before.mine.map((conversation) => [conversation.id, conversation.last_resident_seq]));
  return {
    waiting: after.waiting.filter((item) => !items.has(item.id)),
    alarms: openOf(after.alarms).filter((alarm) => !alarms.has(alarm.id)),
    messages: after.mine.filter(({ id, last_resident_seq: seq }) => seq > (seqs.get(id) ?? seq)),
  };
}

export type OverviewStore = ReturnType<typeof createOverview>;
