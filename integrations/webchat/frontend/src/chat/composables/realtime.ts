import { type Ref, ref } from "vue";
import { type Socket, io } from "socket.io-client";

import type { ConversationUpdate, Message, TypingUpdate } from "../../api/types";

/** `blocked`: no connection for a while (a proxy, a firewall, the server restarting); the chat polls meanwhile. */
export type LinkState = "connecting" | "connected" | "blocked";

const BLOCKED_AFTER_MS = 4_000;
const LONGEST_PAUSE_MS = 10_000;
/** After a refusal Socket.IO does not try again by itself. */
const REFUSED_PAUSE_MS = 3_000;

export interface Listeners {
  message: (message: Message) => void;
  typing: (update: TypingUpdate) => void;
  conversation: (update: ConversationUpdate) => void;
  connected: () => void;
}

export interface Realtime {
  state: Ref<LinkState>;
  start: () => void;
  /** Connects anew, with a new token or after the phone slept. */
  restart: () => void;
}

export function createRealtime(token: () => string | null, listeners: Listeners): Realtime {
  const state = ref<LinkState>("connecting");
  let giveUp: ReturnType<typeof setTimeout> | undefined;

  const socket: Socket = io("/webchat", {
    path: "/realtime",
    autoConnect: false,
    // Long polling first, then upgraded: works where WebSocket is blocked, and at once everywhere.
    transports: ["polling", "websocket"],
    reconnectionDelay: 500,
    reconnectionDelayMax: LONGEST_PAUSE_MS,
    auth: (give) => give({ token: token() }),
  });

  function lost(): void {
    if (state.value === "connected") state.value = "connecting";
    giveUp ??= setTimeout(() => {
      giveUp = undefined;
      if (!socket.connected) state.value = "blocked";
    }, BLOCKED_AFTER_MS);
  }

  socket.on("connect", () => {
    clearTimeout(giveUp);
    giveUp = undefined;
    state.value = "connected";
    listeners.connected();
  });
  socket.on("connect_error", () => {
    lost();
    if (!socket.active) setTimeout(() => socket.connect(), REFUSED_PAUSE_MS);
  });
  socket.on("disconnect", (reason) => {
    lost();
    if (reason === "io server disconnect") setTimeout(() => socket.connect(), REFUSED_PAUSE_MS);
  });
  socket.on("message", listeners.message);
  socket.on("typing", listeners.typing);
  socket.on("conversation", listeners.conversation);

  return {
    state,
    start() {
      lost();
      socket.connect();
    },
    restart() {
      socket.disconnect();
      lost();
      socket.connect();
    },
  };
}
