import { mount } from "@vue/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Block } from "../src/api/types";
import BlockView from "../src/components/blocks/BlockView.vue";
import Composer from "../src/components/Composer.vue";
import MessageItem from "../src/components/MessageItem.vue";
import { createDesk, DESK, type Desk } from "../src/desk";
import { conversation, ID, message, NOW, settle } from "./helpers";

let desk: Desk;

beforeEach(() => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network in a test")));
  sessionStorage.clear();
  desk = createDesk(() => undefined);
  desk.now.value = Date.parse(NOW);
});

function global() {
  return { provide: { [DESK as symbol]: desk } };
}

describe("the composer", () => {
  function compose(mine: boolean) {
    const wrapper = mount(Composer, { props: { chat: conversation(), mine }, global: global(), attachTo: document.body });
    return { wrapper, field: wrapper.get("textarea") };
  }

  it("sends on Enter and breaks the line on Shift+Enter", async () => {
    const { field } = compose(true);
    await field.setValue("您好");
    await field.trigger("keydown", { key: "Enter", shiftKey: true });
    expect(desk.outbox.of(ID)).toEqual([]);
    await field.trigger("keydown", { key: "Enter" });
    expect(desk.outbox.of(ID)).toMatchObject([{ kind: "reply", text: "您好" }]);
    expect(field.element.value).toBe("");
  });

  it("does not send on the Enter that picks a word of the input method", async () => {
    const { field } = compose(true);
    await field.setValue("nihao");
    await field.trigger("keydown", { key: "Enter", isComposing: true });
    expect(desk.outbox.of(ID)).toEqual([]);
    await field.trigger("compositionend");
    await field.trigger("keydown", { key: "Enter" });
    expect(desk.outbox.of(ID)).toEqual([]);
  });

  it.each(["", "   \n", "长".repeat(2001)])("does not send what the server would refuse", async (text) => {
    const { wrapper, field } = compose(true);
    await field.setValue(text);
    await field.trigger("keydown", { key: "Enter" });
    expect(desk.outbox.of(ID)).toEqual([]);
    expect(wrapper.get("button[type=submit]").attributes("disabled")).toBeDefined();
  });

  it("writes notes only in a conversation of somebody else", async () => {
    const { wrapper, field } = compose(false);
    expect(wrapper.text()).not.toContain("回复住户");
    await field.setValue("认识这位住户");
    await field.trigger("keydown", { key: "Enter" });
    expect(desk.outbox.of(ID)).toMatchObject([{ kind: "note" }]);
  });

  it("keeps a text that was not sent when another conversation is opened", async () => {
    const { wrapper, field } = compose(true);
    await field.setValue("写了一半");
    await settle();
    wrapper.unmount();
    expect(compose(true).field.element.value).toBe("写了一半");
  });
});

describe("a message", () => {
  const blocks: [Block, string[]][] = [
    [{ kind: "text", text: "第一行\n第二行" }, ["第一行\n第二行"]],
    [{ kind: "choices", prompt: "请选择", options: [{ id: "1", title: "转人工" }] }, ["请选择", "转人工"]],
    [
      {
        kind: "bill_card",
        title: "物业费",
        home: "3栋2单元501",
        total_fen: 25310,
        lines: [{ label: "物业费 2026-10", amount_fen: 25060, state: "unpaid", due_on: "2026-10-31", late_fee_fen: 250 }],
      },
      ["物业费 2026-10", "¥250.60", "未缴", "2026-10-31 前缴", "含滞纳金 ¥2.50", "¥253.10"],
    ],
    [
      {
        kind: "ticket_card",
        number: "WX261121-0042",
        title: "水龙头 漏水",
        state: "new",
        state_text: "已受理",
        home: "3栋2单元501",
        appointment: "明天上午",
        technician: "刘师傅",
        events: [{ at: NOW, text: "已受理" }],
      },
      ["WX261121-0042", "水龙头 漏水", "已受理", "明天上午", "刘师傅", "10:00"],
    ],
    [
      { kind: "notice_card", title: "停水通知", body: "请储水", starts_at: NOW, ends_at: null, notice_kind: "outage" },
      ["停水通知", "请储水", "停供通知", "开始 10:00"],
    ],
    [{ kind: "link", title: "缴费", url: "https://pay.example" }, ["缴费"]],
    [{ kind: "rating", prompt: "请打分", subject: "conversation", reference: ID }, ["邀请住户评价", "请打分"]],
    [{ kind: "ask", value: "photo", prompt: null }, ["请住户拍照上传"]],
    [{ kind: "bind", prompt: "绑定房屋" }, ["绑定房屋"]],
    [
      { kind: "emergency", text: "立即离开", phones: [{ label: "燃气公司", number: "95777" }] },
      ["紧急安全提示", "立即离开", "燃气公司", "95777"],
    ],
    [{ kind: "system", text: "客服小李已接入", event: "agent_joined" }, ["客服小李已接入"]],
    [{ kind: "new_kind" } as unknown as Block, ["（无法显示的内容）"]],
  ];

  it.each(blocks)("shows the block %o", (block, expected) => {
    const text = mount(BlockView, { props: { block }, global: global() }).text();
    for (const part of expected) expect(text).toContain(part);
  });

  it("is text, whatever a resident writes", () => {
    const text = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
    const wrapper = mount(MessageItem, { props: { message: message(1, { text }), repeated: false }, global: global() });
    expect(wrapper.get(".text").text()).toBe(text);
    expect(wrapper.find("script, img").exists()).toBe(false);
  });

  it.each(["javascript:alert(1)", "data:text/html,x", "//evil.example"])("never leads to %s", (url) => {
    const wrapper = mount(BlockView, { props: { block: { kind: "link", title: "看", url } }, global: global() });
    expect(wrapper.get("a").attributes("href")).toBeUndefined();
  });

  it("marks a note and a message that did not arrive", () => {
    const note = message(1, { author: "agent", author_name: "小张", direction: "out", note: true, text: "注意" });
    expect(mount(MessageItem, { props: { message: note, repeated: false }, global: global() }).text()).toContain("内部备注");
    const lost = message(2, { author: "agent", direction: "out", delivery: "failed" });
    expect(mount(MessageItem, { props: { message: lost, repeated: false }, global: global() }).text()).toContain("未送达住户");
  });
});
