import { describe, expect, it, vi } from "vitest";

import { ApiError } from "../src/api/client";
import { createOutbox, type Outgoing } from "../src/stores/outbox";
import { deferred, fakeApi, ID, memoryStore, message, offline, OTHER, settle } from "./helpers";

type Draft = { client_message_id: string; text: string };

/** A server that answers like the real one: the same id gives the same message. */
function server() {
  const stored = new Map<string, string>();
  const accept = vi.fn((id: string, draft: Draft) => {
    stored.set(draft.client_message_id, draft.text);
    const seq = [...stored.keys()].indexOf(draft.client_message_id) + 1;
    return Promise.resolve(
      message(seq, { conversation_id: id, direction: "out", author: "agent", client_message_id: draft.client_message_id }),
    );
  });
  return { stored, accept };
}

function setUp(reply: unknown, store = memoryStore()) {
  const delivered = vi.fn();
  const pause = vi.fn().mockResolvedValue(undefined);
  const outbox = createOutbox(fakeApi({ reply, note: reply }), store, delivered, pause);
  outbox.resume(1);
  return { outbox, delivered, pause, store };
}

describe("the agent's outbox", () => {
  it("sends what was written in its order, one after the other", async () => {
    const first = deferred<ReturnType<typeof message>>();
    const { accept, stored } = server();
    const reply = vi.fn().mockReturnValueOnce(first.promise).mockImplementation(accept);
    const { outbox, delivered } = setUp(reply);
    outbox.send(ID, "reply", "一");
    outbox.send(ID, "note", "二");
    await settle();
    expect(reply).toHaveBeenCalledTimes(1);
    first.resolve(message(1));
    await settle();
    expect([...stored.values()]).toEqual(["二"]);
    expect(delivered).toHaveBeenCalledTimes(2);
    expect(outbox.state.items).toEqual([]);
  });

  it("does not let one conversation wait for another", async () => {
    const { accept, stored } = server();
    const reply = vi.fn((id: string, draft: Draft) => (id === ID ? new Promise(() => undefined) : accept(id, draft)));
    const { outbox } = setUp(reply);
    outbox.send(ID, "reply", "卡住的");
    outbox.send(OTHER, "reply", "另一个会话");
    await settle();
    expect([...stored.values()]).toEqual(["另一个会话"]);
  });

  it("tries again with the same id, so that a lost answer makes no second message", async () => {
    const { accept, stored } = server();
    const reply = vi
      .fn()
      .mockImplementationOnce(async (id: string, draft: Draft) => {
        await accept(id, draft);
        throw offline();
      })
      .mockImplementation(accept);
    const { outbox, pause } = setUp(reply);
    outbox.send(ID, "reply", "您好");
    await settle();
    expect(stored.size).toBe(1);
    expect(reply).toHaveBeenCalledTimes(2);
    expect(pause).toHaveBeenCalledWith(1000);
    expect(outbox.state.items).toEqual([]);
  });

  it("waits longer from try to try", async () => {
    const reply = vi.fn();
    for (let n = 0; n < 6; n += 1) reply.mockRejectedValueOnce(new ApiError(503, "database_busy", "系统正忙"));
    reply.mockImplementation(server().accept);
    const { outbox, pause } = setUp(reply);
    outbox.send(ID, "reply", "您好");
    await settle();
    await settle();
    await settle();
    expect(pause.mock.calls.map(([milliseconds]) => milliseconds as number)).toEqual([
      1000, 2000, 5000, 10_000, 30_000, 30_000,
    ]);
  });

  it("leaves a refused one to the agent and goes on with the next", async () => {
    const { accept, stored } = server();
    const refusal = new ApiError(403, "not_your_conversation", "这个会话现在不由您接待。");
    const reply = vi.fn().mockRejectedValueOnce(refusal).mockImplementation(accept);
    const { outbox } = setUp(reply);
    outbox.send(ID, "reply", "一");
    outbox.send(ID, "note", "二");
    await settle();
    expect([...stored.values()]).toEqual(["二"]);
    const [refused] = outbox.of(ID);
    expect(refused).toMatchObject({ text: "一", state: "refused", error: "这个会话现在不由您接待。" });
    outbox.retry(refused?.client_message_id ?? "");
    await settle();
    expect([...stored.values()]).toEqual(["二", "一"]);
    expect(outbox.of(ID)).toEqual([]);
  });

  it("is kept over a reload and sent then, with the id it had", async () => {
    const store = memoryStore();
    const before = setUp(vi.fn(() => new Promise(() => undefined)), store);
    before.outbox.send(ID, "reply", "刷新前写的");
    const [item] = before.outbox.of(ID);
    const { accept, stored } = server();
    setUp(vi.fn(accept), store);
    await settle();
    expect([...stored]).toEqual([[item?.client_message_id, "刷新前写的"]]);
  });

  it("never sends one agent's words as another's", async () => {
    const store = memoryStore();
    const { outbox } = setUp(vi.fn().mockRejectedValue(new ApiError(401, "session_expired", "请重新登录")), store);
    outbox.send(ID, "reply", "小李写的");
    outbox.suspend();
    await settle();
    expect(outbox.state.items).toEqual([]);
    const { accept, stored } = server();
    const later = createOutbox(fakeApi({ reply: accept }), store, () => undefined);
    later.resume(2);
    await settle();
    expect(stored.size).toBe(0);
    later.suspend();
    later.resume(1);
    await settle();
    expect([...stored.values()]).toEqual(["小李写的"]);
  });

  it("forgets a message that came back by push although its request never answered", () => {
    const { outbox } = setUp(vi.fn(() => new Promise(() => undefined)));
    outbox.send(ID, "reply", "您好");
    const { client_message_id } = outbox.of(ID)[0] as Outgoing;
    outbox.confirm(message(3, { client_message_id }));
    expect(outbox.of(ID)).toHaveLength(1);
    outbox.confirm(message(4, { direction: "out", author: "agent", client_message_id }));
    expect(outbox.of(ID)).toEqual([]);
  });
});
