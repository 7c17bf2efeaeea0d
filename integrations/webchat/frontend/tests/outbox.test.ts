import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { ApiError, NetworkError } from "../src/api/errors";
import type { Message, OutgoingMessage } from "../src/api/types";
import { type Outbox, createOutbox } from "../src/chat/composables/outbox";
import { type Store, memoryStore } from "../src/lib/storage";
import { asked } from "./helpers";

class FakeServer {
  readonly received: OutgoingMessage[] = [];
  failures: Error[] = [];
  private seq = 0;

  send = (message: OutgoingMessage): Promise<Message> => {
    this.received.push(message);
    const failure = this.failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    this.seq += 1;
    return Promise.resolve(asked(this.seq, message.text ?? "", { client_message_id: message.client_message_id }));
  };
}

let server: FakeServer;
let store: Store;
let delivered: string[];

function open(): Outbox {
  return createOutbox({ store, send: server.send, delivered: (message) => delivered.push(message.text ?? "") });
}

const states = (outbox: Outbox): [string | undefined, string][] =>
  outbox.pending.value.map(({ text, state }) => [text, state]);
const network = (count: number): Error[] => Array.from({ length: count }, () => new NetworkError());

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  store = memoryStore();
  delivered = [];
});
afterEach(() => void vi.useRealTimers());

describe("outbox", () => {
  test("a message is shown as being sent until the server has it", async () => {
    const outbox = open();
    outbox.add({ text: "你好" });
    expect(states(outbox)).toEqual([["你好", "sending"]]);
    await vi.advanceTimersByTimeAsync(0);
    expect(states(outbox)).toEqual([]);
    expect(delivered).toEqual(["你好"]);
    expect(store.keys()).toEqual([]);
  });

  test("a message is in storage before it is on its way", () => {
    server.failures = network(1);
    open().add({ text: "先存再发" });
    expect(store.keys()).toHaveLength(1);
  });

  test("after a network failure the same message goes again with the same id", async () => {
    server.failures = network(2);
    open().add({ text: "水管漏水" });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(server.received).toHaveLength(3);
    expect(new Set(server.received.map((message) => message.client_message_id)).size).toBe(1);
    expect(delivered).toEqual(["水管漏水"]);
  });

  test("the pauses between attempts grow", async () => {
    server.failures = network(100);
    open().add({ text: "水管漏水" });
    await vi.advanceTimersByTimeAsync(2_000);
    const early = server.received.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(early).toBeGreaterThanOrEqual(2);
    expect(server.received.length).toBeLessThan(12);
  });

  test("after two failures the resident is told, and a tap sends at once", async () => {
    server.failures = network(2);
    const outbox = open();
    const { id } = outbox.add({ text: "水管漏水" });
    await vi.advanceTimersByTimeAsync(1_100);
    expect(states(outbox)).toEqual([["水管漏水", "failed"]]);
    outbox.retry(id);
    await vi.advanceTimersByTimeAsync(0);
    expect(states(outbox)).toEqual([]);
  });

  test("the network coming back ends the waiting", async () => {
    server.failures = network(2);
    const outbox = open();
    outbox.add({ text: "水管漏水" });
    await vi.advanceTimersByTimeAsync(1_100);
    outbox.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(delivered).toEqual(["水管漏水"]);
  });

  test("messages arrive in the order they were written, although the first one failed", async () => {
    server.failures = network(1);
    const outbox = open();
    outbox.add({ text: "一" });
    outbox.add({ text: "二" });
    outbox.add({ text: "三" });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(delivered).toEqual(["一", "二", "三"]);
  });

  test("what was not acknowledged goes out after a reload, with its old id", async () => {
    server.failures = network(100);
    const { id } = open().add({ text: "别丢了我", uploadIds: ["f".repeat(32)] });
    await vi.advanceTimersByTimeAsync(0);

    server = new FakeServer();
    const reloaded = open();
    expect(states(reloaded)).toEqual([["别丢了我", "sending"]]);
    await vi.advanceTimersByTimeAsync(0);
    expect(server.received).toEqual([
      { client_message_id: id, text: "别丢了我", upload_ids: ["f".repeat(32)] },
    ]);
    expect(store.keys()).toEqual([]);
  });

  test("what the server has is not shown as pending, even when its answer got lost", async () => {
    server.failures = network(100);
    const outbox = open();
    const { id } = outbox.add({ text: "已经收到了" });
    await vi.advanceTimersByTimeAsync(0);
    outbox.acknowledge((known) => known === id);
    expect(states(outbox)).toEqual([]);
    expect(store.keys()).toEqual([]);
  });

  test("a busy server is asked again no sooner than it said", async () => {
    server.failures = [new ApiError(429, "too_many_requests", "太快了", 20)];
    open().add({ text: "你好" });
    await vi.advanceTimersByTimeAsync(19_000);
    expect(server.received).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(delivered).toEqual(["你好"]);
  });

  test("a refused message shows the server's sentence, is not repeated, and holds nothing up", async () => {
    server.failures = [new ApiError(422, "message_too_long", "消息太长了")];
    const outbox = open();
    outbox.add({ text: "太长" });
    outbox.add({ text: "下一条" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(outbox.pending.value).toMatchObject([{ text: "太长", state: "rejected", problem: "消息太长了" }]);
    expect(delivered).toEqual(["下一条"]);
  });

  test("a refused message stays refused after a reload until it is sent again or deleted", async () => {
    server.failures = [new ApiError(422, "choice_unknown", "选项失效")];
    open().add({ choice: { seq: 2, id: "1" }, choiceTitle: "确认" });
    await vi.advanceTimersByTimeAsync(0);
    const reloaded = open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.received).toHaveLength(1);
    const [refused] = reloaded.pending.value;
    reloaded.retry(refused?.id ?? "");
    await vi.advanceTimersByTimeAsync(0);
    expect(server.received).toHaveLength(2);
    expect(server.received[1]).toEqual(server.received[0]);
    expect(reloaded.pending.value).toEqual([]);
  });

  test("a deleted message is gone for good", async () => {
    server.failures = [new ApiError(422, "message_empty", "空的")];
    const outbox = open();
    const { id } = outbox.add({ text: "x" });
    await vi.advanceTimersByTimeAsync(0);
    outbox.discard(id);
    expect(open().pending.value).toEqual([]);
  });
});
