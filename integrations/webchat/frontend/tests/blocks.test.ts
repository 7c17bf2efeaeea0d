import { describe, expect, test, vi } from "vitest";
import { computed, ref } from "vue";

import type { Block } from "../src/api/types";
import BlockView from "../src/chat/blocks/BlockView.vue";
import PendingItem from "../src/chat/components/PendingItem.vue";
import { type Chat, chatKey } from "../src/chat/composables/chat";
import { overlaysKey } from "../src/chat/composables/overlays";
import type { MessageRow } from "../src/chat/timeline";
import { memoryStore } from "../src/lib/storage";
import { texts } from "../src/texts";
import { A, asked, button, choices, mounted, said, settled } from "./helpers";

function fakeChat(more: Record<string, unknown> = {}): Chat & { outbox: { add: ReturnType<typeof vi.fn> } } {
  return {
    store: memoryStore(),
    identity: ref({ verified: false, name: null, homes: [] }),
    messages: computed(() => [asked(1, "我家还欠多少物业费")]),
    outbox: { add: vi.fn(), retry: vi.fn(), discard: vi.fn() },
    session: { http: { post: vi.fn(() => Promise.resolve({})) } },
    ...more,
  } as unknown as Chat & { outbox: { add: ReturnType<typeof vi.fn> } };
}

function show(block: Block, row: Partial<MessageRow> = {}, chat = fakeChat()): HTMLElement {
  const message = said(2, { blocks: [block], reply_to_seq: 1 });
  const full: MessageRow = { kind: "message", key: "k", message, first: true, open: true, chosen: null, ...row };
  return mounted(BlockView, { block, row: full }, (app) => {
    app.provide(chatKey, chat);
    app.provide(overlaysKey, { open: ref(null), picture: ref(null), show: vi.fn(), showPicture: vi.fn(), hide: vi.fn() });
  });
}

describe("choices", () => {
  test("send the option's id and the message's seq", () => {
    const chat = fakeChat();
    button(show(choices("确认", "取消"), {}, chat), "取消").click();
    expect(chat.outbox.add).toHaveBeenCalledWith({ choice: { seq: 2, id: "2" }, choiceTitle: "取消" });
  });

  test("cannot be pressed once something newer is there, and show which one was taken", () => {
    const chat = fakeChat();
    const host = show(choices("确认", "取消"), { open: false, chosen: "确认" }, chat);
    const buttons = [...host.querySelectorAll("button")];
    expect(buttons.map((element) => element.disabled)).toEqual([true, true]);
    buttons[1]?.click();
    expect(chat.outbox.add).not.toHaveBeenCalled();
    expect(host.querySelector(".chosen")?.textContent.trim()).toBe("确认");
  });
});

describe("cards", () => {
  test("a bill shows yuan, its state and late fee", () => {
    const line = { label: "物业费 2026-10", amount_fen: 25060, state: "unpaid", due_on: "2026-10-31", late_fee_fen: 260 };
    const host = show({ kind: "bill_card", title: "物业费 2026-10", home: "3栋2单元501", total_fen: 25060, lines: [line] });
    expect(host.querySelector(".sum")?.textContent).toBe("¥250.60");
    expect(host.textContent).toContain(texts.bill.states["unpaid"]);
    expect(host.textContent).toContain("¥2.60");
  });

  test("a long bill folds its lines away and opens them on request", async () => {
    const line = { label: "水费", amount_fen: 100, state: "paid", due_on: "2026-10-31", late_fee_fen: 0 };
    const lines = Array.from({ length: 12 }, () => ({ ...line }));
    const host = show({ kind: "bill_card", title: "账单", home: "", total_fen: 1200, lines });
    expect(host.querySelectorAll(".line")).toHaveLength(4);
    button(host, texts.bill.more(8)).click();
    await settled();
    expect(host.querySelectorAll(".line")).toHaveLength(12);
  });

  test("a ticket shows its number, how far it is, and its newest event first", () => {
    const events = [
      { at: "2026-11-20T01:00:00Z", text: "已受理" },
      { at: "2026-11-21T01:00:00Z", text: "师傅已出发" },
    ];
    const host = show({
      kind: "ticket_card", number: "WX261121-0042", title: "水龙头 漏水", state: "on_the_way", state_text: "师傅在路上",
      home: "3栋2单元501", appointment: null, technician: null, events,
    });
    expect(host.textContent).toContain("WX261121-0042");
    expect(host.querySelector(".events li")?.textContent).toContain("师傅已出发");
    expect(host.querySelector("[aria-current=step]")?.textContent.trim()).toBe(texts.ticket.steps[2]);
  });

  test("a cancelled ticket shows no progress", () => {
    const host = show({
      kind: "ticket_card", number: "WX261121-0042", title: "灯", state: "cancelled", state_text: "已取消",
      home: null, appointment: null, technician: null, events: [],
    });
    expect(host.querySelector(".steps")).toBeNull();
  });
});

describe("an emergency", () => {
  test("is an alert whose numbers can be called", () => {
    const host = show({ kind: "emergency", text: "请马上离开", phones: [{ label: "燃气公司", number: "0571-96177" }] });
    expect(host.querySelector("[role=alert]")?.textContent).toContain("请马上离开");
    const call = host.querySelector("a");
    expect(call?.getAttribute("href")).toBe("tel:057196177");
    expect(call?.getAttribute("aria-label")).toBe(texts.emergency.call("燃气公司", "0571-96177"));
  });
});

describe("texts", () => {
  test("are never HTML", () => {
    const host = show({ kind: "text", text: "<img src=x onerror=alert(1)><b>粗</b>" });
    expect(host.querySelector("img, b")).toBeNull();
    expect(host.textContent).toContain("<b>粗</b>");
  });

  test("a link that could run a script is not shown", () => {
    expect(show({ kind: "link", title: "点我", url: "javascript:alert(1)" }).querySelector("a")).toBeNull();
  });

  test("a kind of block from the future shows nothing", () => {
    expect(show({ kind: "hologram" } as unknown as Block).textContent.trim()).toBe("");
  });
});

describe("rating", () => {
  const block: Block = { kind: "rating", prompt: "请打分", subject: "conversation", reference: A };

  test("sends stars and words once, and remembers it", async () => {
    const chat = fakeChat();
    const host = show(block, {}, chat);
    (host.querySelectorAll("input[type=radio]")[3] as HTMLInputElement).click();
    await settled();
    const words = host.querySelector("textarea") as HTMLTextAreaElement;
    words.value = " 很快 ";
    words.dispatchEvent(new Event("input"));
    button(host, texts.rating.submit).click();
    await settled();
    expect(chat.session.http.post).toHaveBeenCalledExactlyOnceWith("/api/webchat/ratings", {
      conversation_id: A, stars: 4, comment: "很快",
    });
    expect(host.textContent).toContain(texts.rating.done(4));
    expect(show(block, {}, chat).textContent).toContain(texts.rating.done(4));
  });

  test("asks for stars first", async () => {
    const chat = fakeChat();
    const host = show(block, {}, chat);
    button(host, texts.rating.submit).click();
    await settled();
    expect(host.querySelector("[role=alert]")?.textContent).toBe(texts.rating.choose);
    expect(chat.session.http.post).not.toHaveBeenCalled();
  });

  test("of a repair goes into the dialogue", async () => {
    const chat = fakeChat();
    const host = show({ ...block, subject: "ticket", reference: "WX261121-0042" }, {}, chat);
    (host.querySelectorAll("input[type=radio]")[4] as HTMLInputElement).click();
    await settled();
    button(host, texts.rating.submit).click();
    expect(chat.outbox.add).toHaveBeenCalledWith({ text: texts.rating.asText(5, "") });
  });
});

describe("the offer to bind", () => {
  test("lets the question be asked again once the home is bound", () => {
    const chat = fakeChat({ identity: ref({ verified: true, name: "王**", homes: [] }) });
    const host = show({ kind: "bind", prompt: "先绑定" }, {}, chat);
    button(host, texts.bind.askAgain("我家还欠多少物业费")).click();
    expect(chat.outbox.add).toHaveBeenCalledWith({ text: "我家还欠多少物业费" });
  });
});

describe("a message on its way", () => {
  const item = { id: "p1", createdAt: "", text: "你好" };

  test("that failed is sent again by a tap", () => {
    const chat = fakeChat();
    const host = mounted(PendingItem, { item: { ...item, state: "failed" } }, (app) => app.provide(chatKey, chat));
    button(host, texts.sending.failed).click();
    expect(chat.outbox.retry).toHaveBeenCalledWith("p1");
  });

  test("that was refused shows the server's sentence", () => {
    const pending = { ...item, state: "rejected", problem: "消息太长了" };
    const host = mounted(PendingItem, { item: pending }, (app) => app.provide(chatKey, fakeChat()));
    expect(host.querySelector("[role=alert]")?.textContent).toContain("消息太长了");
  });
});
