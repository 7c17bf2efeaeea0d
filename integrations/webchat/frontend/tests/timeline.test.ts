import { describe, expect, test } from "vitest";

import type { Message } from "../src/api/types";
import type { Pending } from "../src/chat/composables/outbox";
import { type MessageRow, anchorRow, askedValue, leaveOption, timeline } from "../src/chat/timeline";
import { A, B, asked, choices, said } from "./helpers";

const NOW = new Date("2026-11-21T02:00:00Z");
const pending = (more: Partial<Pending> = {}): Pending => ({ id: "p1", createdAt: "", state: "sending", text: "等等", ...more });
const rowOf = (messages: Message[], seq: number, waiting: Pending[] = []): MessageRow =>
  timeline(messages, waiting, NOW).find(
    (row): row is MessageRow => row.kind === "message" && row.message.seq === seq,
  ) as MessageRow;

const offer = said(2, { blocks: [choices("确认", "取消")] });

describe("choices", () => {
  test("can be made while nothing newer is there", () => {
    expect(rowOf([asked(1, "报修"), offer], 2).open).toBe(true);
  });

  test("are locked by any newer message", () => {
    expect(rowOf([offer, asked(3, "算了")], 2).open).toBe(false);
    expect(rowOf([offer, said(3, { author: "system" })], 2).open).toBe(false);
    expect(rowOf([offer, said(1, { conversation_id: B })], 2).open).toBe(false);
  });

  test("are locked while a message is being sent, so that a second tap cannot choose again", () => {
    expect(rowOf([offer], 2, [pending()]).open).toBe(false);
  });

  test("stay open beside a refused message", () => {
    expect(rowOf([offer], 2, [pending({ state: "rejected" })]).open).toBe(true);
  });

  test("show which one was taken, before and after the server has it", () => {
    const taken = pending({ choice: { seq: 2, id: "2" }, choiceTitle: "取消" });
    expect(rowOf([offer], 2, [taken]).chosen).toBe("取消");
    expect(rowOf([offer, asked(3, "取消")], 2).chosen).toBe("取消");
    expect(rowOf([offer], 2).chosen).toBeNull();
  });
});

describe("rows", () => {
  test("the time is shown first, after a pause and where a new conversation begins", () => {
    const rows = timeline(
      [asked(1, "一"), said(2), said(900), said(1, { conversation_id: B })],
      [],
      NOW,
    );
    expect(rows.map((row) => row.kind)).toEqual(["time", "message", "message", "time", "message", "time", "message"]);
    expect(rows.filter((row) => row.kind === "time").map((row) => row.begins)).toEqual([false, false, true]);
  });

  test("only the first of several messages by one author carries the name", () => {
    const messages = [asked(1, "一"), said(2), said(3), said(4, { author: "agent", author_name: "小李" })];
    expect([2, 3, 4].map((seq) => rowOf(messages, seq).first)).toEqual([true, false, true]);
  });

  test("messages being sent stand at the end", () => {
    const rows = timeline([said(1)], [pending()], NOW);
    expect(rows.at(-1)).toMatchObject({ kind: "pending" });
  });

  test("every row has a key of its own", () => {
    const rows = timeline([said(1), said(1, { conversation_id: B }), asked(2, "一", { conversation_id: B })], [pending()], NOW);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
  });
});

describe("what stays in view", () => {
  const emergency = said(2, { blocks: [{ kind: "emergency", text: "离开", phones: [] }] });
  const at = Date.parse(emergency.at);
  const keyAt = (messages: Message[], now: number): string | undefined => {
    const rows = timeline(messages, [], NOW);
    return rows[anchorRow(rows, now)]?.key;
  };

  test("is the newest message", () => {
    expect(keyAt([asked(1, "一"), said(2), said(3)], at)).toBe(`${A}/3`);
  });

  test("is an emergency for a while after its confirmation came", () => {
    expect(keyAt([asked(1, "煤气"), emergency, said(3, { author: "system" })], at + 5_000)).toBe(`${A}/2`);
    expect(keyAt([asked(1, "煤气"), emergency, said(3, { author: "system" })], at + 60_000)).toBe(`${A}/3`);
  });

  test("is the resident's own next message", () => {
    expect(keyAt([emergency, asked(3, "好的")], at + 5_000)).toBe(`${A}/3`);
  });
});

describe("the input adapts", () => {
  const ask = said(2, { blocks: [{ kind: "text", text: "电话？" }, { kind: "ask", value: "phone", prompt: null }] });

  test("to what the newest message asks for", () => {
    expect(askedValue([ask], [])).toBe("phone");
    expect(askedValue([ask, asked(3, "138")], [])).toBeNull();
    expect(askedValue([ask], [pending()])).toBeNull();
    expect(askedValue([], [])).toBeNull();
  });
});

test("the way out of the queue is the newest such option of this conversation", () => {
  const leave = (seq: number, conversation: string): Message =>
    said(seq, { conversation_id: conversation, blocks: [{ kind: "choices", prompt: null, options: [{ id: "leave", title: "不等了" }] }] });
  expect(leaveOption([leave(2, A), said(3)])).toEqual({ choice: { seq: 2, id: "leave" }, title: "不等了" });
  expect(leaveOption([leave(2, A), said(1, { conversation_id: B })])).toBeNull();
  expect(leaveOption([])).toBeNull();
});
