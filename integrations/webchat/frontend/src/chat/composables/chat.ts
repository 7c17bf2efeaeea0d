import { type ComputedRef, type InjectionKey, type Ref, computed, inject, reactive, ref, watch } from "vue";

import type {
  ConversationState,
  ConversationUpdate,
  Identity,
  Message,
  QueuePlace,
} from "../../api/types";
import type { Store } from "../../lib/storage";
import { type Limits, createLimits } from "./limits";
import { type MessageStore, createMessageStore } from "./messages";
import { type Outbox, createOutbox } from "./outbox";
import { type Realtime, createRealtime } from "./realtime";
import { type Session, createSession } from "./session";
import { type Sync, createSync } from "./sync";
import { type PictureCache, type Uploads, createPictureCache, createUploads } from "./uploads";

const POLL_MS = 3_000;
const POLL_HIDDEN_MS = 15_000;
/** Every so many polls, look for conversations begun elsewhere (another tab). */
const WHOLE_EVERY = 5;
/** A "typing" whose end got lost ends by itself. */
const TYPING_MS = 20_000;

export type Connection = "online" | "connecting" | "polling" | "offline" | "unreachable";

interface ConversationStatus {
  state: ConversationState;
  queue: QueuePlace | null;
  agentName: string | null;
}

export interface Chat {
  store: Store;
  session: Session;
  identity: Ref<Identity>;
  messages: ComputedRef<Message[]>;
  outbox: Outbox;
  uploads: Uploads;
  pictures: PictureCache;
  sync: Sync;
  limits: Limits;
  connection: ComputedRef<Connection>;
  /** The conversation that goes on now. */
  status: ComputedRef<ConversationStatus>;
  typing: Ref<"bot" | "agent" | null>;
  /** The session ran out and a new one began. */
  expired: Ref<boolean>;
  start: () => void;
}

const chatKey: InjectionKey<Chat> = Symbol("chat");
export { chatKey };

/** The chat of this page, for any component inside it. */
export function useChat(): Chat {
  const chat = inject(chatKey);
  if (chat === undefined) throw new Error("useChat() outside of the chat page");
  return chat;
}

/** Session, messages, live connection and outbox put together. */
export function createChat(store: Store): Chat {
  const session = createSession(store);
  const messages: MessageStore = createMessageStore();
  const statuses = reactive(new Map<string, ConversationStatus>());
  const typing = ref<"bot" | "agent" | null>(null);
  const expired = ref(false);
  const navigatorOnline = ref(navigator.onLine);
  let typingEnds: ReturnType<typeof setTimeout> | undefined;

  const limits = createLimits();
  const pictures = createPictureCache(session.http);
  const current = computed(() => messages.all.value.at(-1)?.conversation_id ?? null);

  function heard({ conversation_id: id, state, queue, agent_name: agentName }: ConversationUpdate): void {
    statuses.set(id, { state, queue, agentName });
  }

  function endTyping(): void {
    clearTimeout(typingEnds);
    typing.value = null;
  }

  const sync = createSync(session, messages, heard);

  function receive(message: Message): void {
    const gaps = messages.push([message]);
    if (message.direction === "out") endTyping();
    outbox.acknowledge(messages.hasClientMessage);
    // A failed request needs no care here: the next message, poll or reconnection asks again.
    for (const conversation of gaps) void sync.conversation(conversation).catch(() => undefined);
  }

  const outbox = createOutbox({
    store,
    async send(message) {
      if (session.token() === null) await session.open();
      const { message: stored } = await session.http.post<{ message: Message }>("/api/webchat/messages", message);
      return stored;
    },
    delivered: receive,
  });

  const realtime: Realtime = createRealtime(session.token, {
    message: receive,
    typing({ author, on }) {
      clearTimeout(typingEnds);
      typing.value = on && (author === "bot" || author === "agent") ? author : null;
      if (on) typingEnds = setTimeout(endTyping, TYPING_MS);
    },
    conversation: heard,
    connected() {
      outbox.wake();
      void refresh();
    },
  });

  async function refresh(): Promise<void> {
    await sync.everything();
    outbox.acknowledge(messages.hasClientMessage);
  }

  async function poll(): Promise<void> {
    for (let round = 0; ; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, document.hidden ? POLL_HIDDEN_MS : POLL_MS));
      if (realtime.state.value !== "blocked") continue;
      const conversation = current.value;
      if (conversation === null || round % WHOLE_EVERY === 0 || !session.reachable.value) await refresh();
      else await sync.conversation(conversation).catch(() => undefined);
    }
  }

  function startOver(): void {
    messages.clear();
    statuses.clear();
    pictures.forget();
    endTyping();
    expired.value = true;
    realtime.restart();
  }
  // At once: the answer to the repeated request already belongs to the new session.
  watch(session.generation, startOver, { flush: "sync" });

  return {
    store,
    session,
    identity: session.identity,
    messages: messages.all,
    outbox,
    uploads: createUploads(session.http, pictures, limits),
    limits,
    pictures,
    sync,
    connection: computed(() => {
      // The browser's "offline" is sure, its "online" is not.
      if (!navigatorOnline.value) return "offline";
      if (realtime.state.value === "connected") return "online";
      if (!session.reachable.value) return "unreachable";
      return realtime.state.value === "blocked" ? "polling" : "connecting";
    }),
    status: computed(
      () => statuses.get(current.value ?? "") ?? { state: "bot" as const, queue: null, agentName: null },
    ),
    typing,
    expired,
    start() {
      void refresh().then(() => realtime.start());
      void poll();
      window.addEventListener("online", () => {
        navigatorOnline.value = true;
        outbox.wake();
        void refresh();
      });
      window.addEventListener("offline", () => {
        navigatorOnline.value = false;
      });
      document.addEventListener("visibilitychange", () => {
        // A phone that slept may hold a connection that is long dead.
        if (!document.hidden && sync.ready.value) void refresh();
      });
    },
  };
}
