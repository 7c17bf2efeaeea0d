import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Realtime, type SocketLike } from "../src/realtime";
import { ID, offline } from "./helpers";

class FakeSocket implements SocketLike {
  connected = false;
  active = true;
  heartbeat: () => Promise<unknown> = () => Promise.resolve({ ok: true });
  readonly emitted: [string, unknown][] = [];
  private readonly listeners = new Map<string, (payload: never) => void>();
  readonly connect = vi.fn(() => undefined);
  readonly disconnect = vi.fn(() => undefined);

  on(event: string, listener: (payload: never) => void): void {
    this.listeners.set(event, listener);
  }

  emit(event: string, payload: unknown): void {
    this.emitted.push([event, payload]);
  }

  timeout(): { emitWithAck: () => Promise<unknown> } {
    return { emitWithAck: () => this.heartbeat() };
  }

  happens(event: string, payload?: unknown): void {
    if (event === "connect") this.connected = true;
    if (event === "disconnect") this.connected = false;
    this.listeners.get(event)?.(payload as never);
  }
}

function setUp() {
  const socket = new FakeSocket();
  const handlers = {
    refresh: vi.fn().mockResolvedValue(undefined),
    overview: vi.fn(),
    message: vi.fn(),
    conversation: vi.fn(),
    alarm: vi.fn(),
  };
  const realtime = new Realtime(handlers, () => socket);
  realtime.start();
  return { socket, handlers, realtime };
}

describe("staying up to date", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("polls every five seconds until it is pushed to", async () => {
    const { socket, handlers, realtime } = setUp();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(handlers.refresh).toHaveBeenCalledTimes(4);
    expect(realtime.link.value).toBe("polling");
    socket.happens("connect");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(handlers.refresh).toHaveBeenCalledTimes(5);
    expect(realtime.link.value).toBe("live");
    realtime.stop();
  });

  it("fetches everything and watches again after a reconnection", async () => {
    const { socket, handlers, realtime } = setUp();
    socket.happens("connect");
    realtime.watch(ID);
    socket.happens("disconnect");
    expect(realtime.link.value).toBe("polling");
    socket.emitted.length = 0;
    handlers.refresh.mockClear();
    socket.happens("connect");
    await vi.advanceTimersByTimeAsync(0);
    expect(handlers.refresh).toHaveBeenCalledTimes(1);
    expect(socket.emitted).toEqual([["watch", { conversation_id: ID }]]);
    realtime.stop();
  });

  it("says that the line is lost, and when it is back", async () => {
    const { handlers, realtime } = setUp();
    handlers.refresh.mockRejectedValue(offline());
    await vi.advanceTimersByTimeAsync(5_000);
    expect(realtime.link.value).toBe("lost");
    handlers.refresh.mockResolvedValue(undefined);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(realtime.link.value).toBe("polling");
    realtime.stop();
  });

  it("looks into the database once a minute even when all seems well", async () => {
    const { socket, handlers, realtime } = setUp();
    socket.happens("connect");
    await vi.advanceTimersByTimeAsync(0);
    handlers.refresh.mockClear();
    await vi.advanceTimersByTimeAsync(65_000);
    expect(handlers.refresh).toHaveBeenCalledTimes(1);
    realtime.stop();
  });

  it("opens a line again that is open on this side only", async () => {
    const { socket, realtime } = setUp();
    socket.happens("connect");
    socket.heartbeat = () => Promise.reject(new Error("timeout"));
    await vi.advanceTimersByTimeAsync(26_000);
    expect(socket.disconnect).toHaveBeenCalledTimes(1);
    expect(socket.connect).toHaveBeenCalledTimes(1);
    realtime.stop();
  });

  it("asks again for a connection that the server has closed", async () => {
    const { socket, realtime } = setUp();
    socket.active = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(socket.connect).toHaveBeenCalledTimes(1);
    realtime.stop();
  });

  it("stops altogether after signing out", async () => {
    const { socket, handlers, realtime } = setUp();
    await vi.advanceTimersByTimeAsync(0);
    realtime.stop();
    handlers.refresh.mockClear();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(handlers.refresh).not.toHaveBeenCalled();
    expect(socket.disconnect).toHaveBeenCalledTimes(1);
  });
});
