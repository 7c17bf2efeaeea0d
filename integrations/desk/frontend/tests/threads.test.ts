import { describe, expect, it, vi } from "vitest";

import { contiguousSeq, createThreads, mergeBySeq } from "../src/stores/threads";
import { ANYTHING, conversation, deferred, detail, fakeApi, ID, limited, message, offline, settle } from "./helpers";

const seqs = (messages: { seq: number }[]): number[] => messages.map(({ seq }) => seq);

describe("merging by seq", () => {
  it("shows a message once, however often and in whatever order it came", () => {
    const merged = mergeBySeq([message(1), message(2)], [message(3), message(2), message(1), message(3)]);
    expect(seqs(merged)).toEqual([1, 2, 3]);
  });

  it("lets the newer copy win", () => {
    const [merged] = mergeBySeq([message(1, { delivery: "pending" })], [message(1, { delivery: "failed" })]);
    expect(merged?.delivery).toBe("failed");
  });

  it("finds the last message before a hole", () => {
    expect(contiguousSeq([])).toBe(0);
    expect(contiguousSeq([message(1), message(2), message(4)])).toBe(2);
  });
});

describe("an open conversation", () => {
  it("fills a hole that a lost push left", async () => {
    const messages = vi.fn().mockResolvedValue({
      messages: [message(2), message(3)],
      conversation: conversation({ last_seq: 3 }),
      reach: ANYTHING,
    });
    const threads = createThreads(fakeApi({ conversation: vi.fn().mockResolvedValue(detail([message(1)])), messages }));
    await threads.open(ID);
    threads.receive(message(3));
    await settle();
    expect(messages).toHaveBeenCalledExactlyOnceWith(ID, 1);
    expect(seqs(threads.current.value?.messages ?? [])).toEqual([1, 2, 3]);
  });

  it("asks nothing when the push was the next message", async () => {
    const messages = vi.fn();
    const threads = createThreads(fakeApi({ conversation: vi.fn().mockResolvedValue(detail([message(1)])), messages }));
    await threads.open(ID);
    threads.receive(message(2));
    threads.receive(message(2));
    await settle();
    expect(messages).not.toHaveBeenCalled();
    expect(seqs(threads.current.value?.messages ?? [])).toEqual([1, 2]);
  });

  it("fetches a long conversation page by page", async () => {
    const pages = [[message(3), message(4)], [message(5)]];
    const messages = vi.fn().mockImplementation(() =>
      Promise.resolve({ messages: pages.shift() ?? [], conversation: conversation({ last_seq: 5 }), reach: ANYTHING }),
    );
    const first = detail([message(1), message(2)], { last_seq: 5 });
    const threads = createThreads(fakeApi({ conversation: vi.fn().mockResolvedValue(first), messages }));
    await threads.open(ID);
    expect(seqs(threads.current.value?.messages ?? [])).toEqual([1, 2, 3, 4, 5]);
  });

  it("stops asking when the server has no more, whatever it counted", async () => {
    const messages = vi.fn().mockResolvedValue({ messages: [], conversation: conversation({ last_seq: 9 }), reach: ANYTHING });
    const first = detail([message(1)], { last_seq: 9 });
    const threads = createThreads(fakeApi({ conversation: vi.fn().mockResolvedValue(first), messages }));
    await threads.open(ID);
    expect(messages).toHaveBeenCalledTimes(1);
  });

  it("keeps what is on the screen while the server cannot be reached", async () => {
    const load = vi.fn().mockResolvedValueOnce(detail([message(1)])).mockRejectedValue(offline());
    const threads = createThreads(fakeApi({ conversation: load }));
    await threads.open(ID);
    await expect(threads.reload(ID)).rejects.toThrow();
    expect(threads.current.value?.phase).toBe("ready");
    expect(seqs(threads.current.value?.messages ?? [])).toEqual([1]);
  });

  it("brings the resident's side up to date when a card arrives", async () => {
    const load = vi.fn().mockImplementation(() => Promise.resolve(detail([message(1)])));
    const threads = createThreads(fakeApi({ conversation: load }));
    await threads.open(ID);
    threads.receive(message(2, { author: "bot", direction: "out", blocks: [{ kind: "bill_card", title: "", home: "", total_fen: 0, lines: [] }] }));
    await settle();
    expect(load).toHaveBeenCalledTimes(2);
  });

  it("catches up when its owner changes", async () => {
    const messages = vi.fn().mockResolvedValue({
      messages: [message(2, { author: "system" })],
      conversation: conversation({ state: "rating", last_seq: 2 }),
      reach: ANYTHING,
    });
    const threads = createThreads(fakeApi({ conversation: vi.fn().mockResolvedValue(detail([message(1)])), messages }));
    await threads.open(ID);
    threads.update(conversation({ state: "rating", last_seq: 2 }));
    await settle();
    expect(seqs(threads.current.value?.messages ?? [])).toEqual([1, 2]);
  });

  it("asks once more, and only once, for all that happened during a request", async () => {
    const slow = deferred<ReturnType<typeof detail>>();
    const load = vi.fn().mockReturnValueOnce(slow.promise).mockImplementation(() => Promise.resolve(detail([message(1)])));
    const threads = createThreads(fakeApi({ conversation: load }));
    const opening = threads.open(ID);
    const more = [threads.reload(ID), threads.reload(ID), threads.reload(ID)];
    slow.resolve(detail([message(1)]));
    await Promise.all([opening, ...more]);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it("asks again for what was on its way, from there on", async () => {
    const first = detail([message(1), message(2, { direction: "out", author: "agent", delivery: "pending" }), message(3)]);
    const messages = vi.fn().mockResolvedValue({
      messages: [message(2, { direction: "out", author: "agent", delivery: "failed", reason: "unknown_user" }), message(3)],
      conversation: conversation({ last_seq: 3 }),
      reach: ANYTHING,
    });
    const threads = createThreads(fakeApi({ conversation: vi.fn().mockResolvedValue(first), messages }));
    await threads.open(ID);
    await threads.catchUp(ID);
    expect(messages).toHaveBeenCalledExactlyOnceWith(ID, 1);
    expect(threads.current.value?.messages[1]).toMatchObject({ delivery: "failed", reason: "unknown_user" });
  });

  it("asks what may still be sent after each message where the channel counts them", async () => {
    const messages = vi.fn().mockResolvedValue({
      messages: [message(2)],
      conversation: conversation({ last_seq: 2 }),
      reach: limited({ left: 5 }),
    });
    const first = { ...detail([message(1)]), reach: limited({ left: 0, closes_at: null, can_reply: false }) };
    const threads = createThreads(fakeApi({ conversation: vi.fn().mockResolvedValue(first), messages }));
    await threads.open(ID);
    threads.receive(message(2));
    threads.receive(message(2));
    await settle();
    expect(threads.current.value?.reach?.left).toBe(5);
    expect(messages.mock.calls.length).toBeLessThanOrEqual(2);
    threads.receive(message(2));
    await settle();
    expect(messages.mock.calls.length).toBeLessThanOrEqual(2);
  });
});
