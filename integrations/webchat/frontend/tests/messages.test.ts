import { describe, expect, test } from "vitest";

import { createMessageStore } from "../src/chat/composables/messages";
import { A, B, asked, said } from "./helpers";

const seqs = (store: ReturnType<typeof createMessageStore>): [string, number][] =>
  store.all.value.map((message) => [message.conversation_id, message.seq]);

describe("message store", () => {
  test("a message that arrives twice is shown once", () => {
    const store = createMessageStore();
    store.push([said(1)]);
    store.fill(A, [said(1), said(2)]);
    store.push([said(2)]);
    expect(seqs(store)).toEqual([[A, 1], [A, 2]]);
  });

  test("messages are shown by seq, whatever order they arrive in", () => {
    const store = createMessageStore();
    store.push([said(3)]);
    store.push([said(1)]);
    store.push([said(2)]);
    expect(seqs(store)).toEqual([[A, 1], [A, 2], [A, 3]]);
  });

  test("the same seq in two conversations is two messages, the older conversation first", () => {
    const store = createMessageStore();
    store.push([said(1, { conversation_id: B })]);
    store.push([said(1), said(2)]);
    expect(seqs(store)).toEqual([[A, 1], [A, 2], [B, 1]]);
  });

  test("a jump in seq is reported as a gap", () => {
    const store = createMessageStore();
    expect(store.push([said(1)])).toEqual([]);
    expect(store.push([said(3)])).toEqual([A]);
    expect(store.cursor(A)).toBe(1);
  });

  test("messages pushed together in the wrong order are no gap", () => {
    const store = createMessageStore();
    expect(store.push([said(2), said(1)])).toEqual([]);
    expect(store.cursor(A)).toBe(2);
  });

  test("a gap that a later message closes is forgotten", () => {
    const store = createMessageStore();
    store.push([said(2)]);
    expect(store.push([said(1)])).toEqual([]);
    expect(store.cursor(A)).toBe(2);
  });

  test("seqs the server leaves out (internal notes) are asked for once and then taken as complete", () => {
    const store = createMessageStore();
    store.push([said(1)]);
    expect(store.push([said(4)])).toEqual([A]);
    store.fill(A, [said(4)]);
    expect(store.cursor(A)).toBe(4);
    expect(store.push([said(5)])).toEqual([]);
  });

  test("an empty answer moves the cursor to what the server said is the last seq", () => {
    const store = createMessageStore();
    store.fill(A, [], 7);
    expect(store.cursor(A)).toBe(7);
    expect(store.push([said(8)])).toEqual([]);
  });

  test("the cursor never goes back", () => {
    const store = createMessageStore();
    store.fill(A, [said(5)]);
    store.fill(A, [said(2)], 3);
    expect(store.cursor(A)).toBe(5);
  });

  test("only the resident's own messages answer to a client message id", () => {
    const store = createMessageStore();
    store.push([asked(1, "你好", { client_message_id: "mine" }), said(2, { client_message_id: "answer-1" })]);
    expect(store.hasClientMessage("mine")).toBe(true);
    expect(store.hasClientMessage("answer-1")).toBe(false);
  });

  test("a new visitor starts with nothing", () => {
    const store = createMessageStore();
    store.push([asked(1, "你好", { client_message_id: "mine" })]);
    store.clear();
    expect(store.all.value).toEqual([]);
    expect(store.cursor(A)).toBe(0);
    expect(store.hasClientMessage("mine")).toBe(false);
  });
});
