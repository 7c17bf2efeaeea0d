import { type Ref, ref } from "vue";
import { io } from "socket.io-client";

import type { Alarm, Conversation, Message } from "./api/types";

/** `live`: pushed; `polling`: asked every few seconds; `lost`: the server does not answer. */
export type Link = "live" | "polling" | "lost";

export interface RealtimeHandlers {
  /** Anything may have changed: fetch it all. Rejects when the server cannot be reached. */
  refresh: () => Promise<void>;
  overview: () => void;
  message: (message: Message) => void;
  conversation: (conversation: Conversation) => void;
  alarm: (alarm: Alarm) => void;
}

/** The part of a Socket.IO client this module uses; a test passes its own. */
export interface SocketLike {
  readonly connected: boolean;
  readonly active: boolean;
  on(event: string, listener: (payload: never) => void): unknown;
  emit(event: string, payload: unknown): unknown;
  timeout(milliseconds: number): { emitWithAck(event: string, payload: unknown): Promise<unknown> };
  connect(): unknown;
  disconnect(): unknown;
}

const POLL_MS = 5_000;
/** Even a healthy line is checked against the database now and then: an event lost by a restart is repaired. */
const REPAIR_MS = 60_000;
const HEARTBEAT_MS = 25_000;
const HEARTBEAT_PATIENCE_MS = 8_000;

function openSocket(): SocketLike {
  const socket: SocketLike = io("/desk", {
    path: "/realtime",
    transports: ["websocket", "polling"],
    // Where WebSocket is blocked the connection goes on over long polling.
    tryAllTransports: true,
    withCredentials: true,
    reconnectionDelayMax: 5_000,
  });
  return socket;
}

/** Keeps the page up to date: by push, and by asking where push does not work. */
export class Realtime {
  readonly link: Ref<Link> = ref("polling");
  private socket: SocketLike | null = null;
  private timers: number[] = [];
  private watched: string | null = null;
  private lastRefresh = 0;

  constructor(
    private readonly handlers: RealtimeHandlers,
    private readonly open: () => SocketLike = openSocket,
  ) {}

  start(): void {
    const socket = this.open();
    this.socket = socket;
    socket.on("connect", () => {
      this.link.value = "live";
      this.sendWatch();
      void this.refresh();
    });
    socket.on("disconnect", () => this.fallBack());
    socket.on("connect_error", () => this.fallBack());
    socket.on("overview", () => this.handlers.overview());
    socket.on("message", (message: Message) => this.handlers.message(message));
    socket.on("conversation", (conversation: Conversation) => this.handlers.conversation(conversation));
    socket.on("alarm", (alarm: Alarm) => this.handlers.alarm(alarm));
    this.timers = [
      window.setInterval(() => void this.tick(), POLL_MS),
      window.setInterval(() => void this.heartbeat(), HEARTBEAT_MS),
    ];
    // After sleep, in a tab that was frozen, or on a network that came back, nothing pushed can be relied on.
    document.addEventListener("visibilitychange", this.wake);
    window.addEventListener("online", this.wake);
    void this.refresh();
  }

  stop(): void {
    for (const timer of this.timers) window.clearInterval(timer);
    this.timers = [];
    document.removeEventListener("visibilitychange", this.wake);
    window.removeEventListener("online", this.wake);
    const socket = this.socket;
    this.socket = null;
    socket?.disconnect();
    this.link.value = "polling";
  }

  /** Which conversation is on the screen; its messages are pushed even if somebody else owns it. */
  watch(conversationId: string | null): void {
    this.watched = conversationId;
    this.sendWatch();
  }

  /** Tell the resident's side that an answer is being written. */
  typing(conversationId: string, on: boolean): void {
    if (this.socket?.connected) this.socket.emit("typing", { conversation_id: conversationId, on });
  }

  private readonly wake = (): void => {
    if (document.visibilityState === "visible") void this.refresh();
  };

  private sendWatch(): void {
    if (this.socket?.connected) this.socket.emit("watch", { conversation_id: this.watched });
  }

  private fallBack(): void {
    if (this.link.value === "live") this.link.value = "polling";
  }

  private async tick(): Promise<void> {
    if (this.link.value === "live" && Date.now() - this.lastRefresh < REPAIR_MS) return;
    await this.refresh();
    // Refused or closed by the server: the client library gives up then, so it is asked again here.
    if (this.socket && !this.socket.active) this.socket.connect();
  }

  private async refresh(): Promise<void> {
    try {
      await this.handlers.refresh();
      this.lastRefresh = Date.now();
      if (this.socket) this.link.value = this.socket.connected ? "live" : "polling";
    } catch {
      if (this.socket) this.link.value = "lost";
    }
  }

  /** Shows the server that the agent is there, and finds a line that is open on this side only. */
  private async heartbeat(): Promise<void> {
    const socket = this.socket;
    if (!socket?.connected) return;
    try {
      await socket.timeout(HEARTBEAT_PATIENCE_MS).emitWithAck("heartbeat", {});
    } catch {
      if (this.socket === socket) {
        socket.disconnect();
        socket.connect();
      }
    }
  }
}
