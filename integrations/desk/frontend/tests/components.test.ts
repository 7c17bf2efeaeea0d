import { mount } from "@vue/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Block, Message, Reach } from "../src/api/types";
import BlockView from "../src/components/blocks/BlockView.vue";
import ChannelTag from "../src/components/ChannelTag.vue";
import Composer from "../src/components/Composer.vue";
import MessageItem from "../src/components/MessageItem.vue";
import { createDesk, DESK, type Desk } from "../src/desk";
import { standingOf } from "../src/reach";
import { conversation, ID, limited, message, NOW, settle } from "./helpers";

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
    const props = { chat: conversation(), mine, reach: null, standing: null };
    const wrapper = mount(Composer, { props, global: global(), attachTo: document.body });
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

describe("the composer on a channel with rules of its own", () => {
  function compose(reach: Reach) {
    const chat = conversation({ channel: "wechat" });
    const standing = standingOf({ conversation: chat, reach, reachSeq: 1, messages: [] }, desk.outbox.of(ID), desk.now.value);
    return mount(Composer, { props: { chat, mine: true, reach, standing }, global: global(), attachTo: document.body });
  }
  const closed = { left: 0, closes_at: null, can_reply: false };
  const labels = (wrapper: ReturnType<typeof compose>): string[] => wrapper.findAll(".ways button").map((one) => one.text());

  it("shows how many replies are left and for how long", () => {
    expect(compose(limited()).text()).toContain("还可回复 3 条，24小时15分后关闭");
  });

  it("warns before the last one", () => {
    const text = compose(limited({ left: 1, closes_at: "2026-11-21T02:10:05Z" })).text();
    expect(text).toContain("还可回复最后 1 条，10分5秒后关闭");
  });

  it("offers the other ways instead of a field when the window is closed, and notes still", async () => {
    const wrapper = compose(limited(closed));
    expect(wrapper.find("textarea").exists()).toBe(false);
    expect(wrapper.text()).toContain("住户太久没有来消息");
    expect(wrapper.text()).toContain("这是微信渠道的限制");
    expect(labels(wrapper)).toEqual(["发模板消息请住户回来", "电话联系"]);
    await wrapper.findAll("[role=radio]")[1]?.trigger("click");
    await wrapper.get("textarea").setValue("已打电话");
    await wrapper.get("form").trigger("submit");
    expect(desk.outbox.of(ID)).toMatchObject([{ kind: "note", text: "已打电话" }]);
  });

  it("says so when the number of messages is used up", () => {
    expect(compose(limited({ ...closed, closes_at: "2026-11-22T02:15:00Z" })).text()).toContain("能发的条数已经用完");
  });

  it("offers only what there is", () => {
    expect(labels(compose(limited({ ...closed, phone: false })))).toEqual(["发模板消息请住户回来"]);
    expect(labels(compose(limited({ ...closed, template: false })))).toEqual(["电话联系"]);
    const nothing = compose(limited({ ...closed, template: false, phone: false }));
    expect(labels(nothing)).toEqual([]);
    expect(nothing.text()).toContain("请等住户再来消息");
  });

  it("asks nobody back twice within the hour, and tells what became of it", () => {
    const again = { ...closed, invite_again_at: "2026-11-21T02:40:00Z" };
    const sent = compose(limited({ ...again, invite: "sent" }));
    expect(sent.findAll("button").find((one) => one.text() === "发模板消息请住户回来")?.attributes("disabled")).toBeDefined();
    expect(sent.text()).toContain("10:40 以后可以再发");
    expect(compose(limited({ ...again, invite: "failed" })).text()).toContain("模板消息没有送达");
    const later = compose(limited({ ...closed, invite_again_at: NOW, invite: "sent" }));
    expect(later.findAll("button").find((one) => one.text() === "发模板消息请住户回来")?.attributes("disabled")).toBeUndefined();
  });

  it("shows the whole number only after it was asked for", async () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", (url: string) => {
      asked.push(url);
      return Promise.resolve(Response.json({ phone: "13800138000" }));
    });
    const wrapper = compose(limited(closed));
    expect(wrapper.text()).not.toContain("13800138000");
    await wrapper.findAll(".ways button")[1]?.trigger("click");
    await vi.waitFor(() => expect(wrapper.text()).toContain("13800138000"));
    expect(asked).toEqual([`/api/desk/conversations/${ID}/phone`]);
    expect(labels(wrapper)).toEqual(["发模板消息请住户回来", "复制号码"]);
  });

  it("does not send what would need more messages than are left", async () => {
    const wrapper = compose(limited({ left: 2 }));
    await wrapper.get("textarea").setValue("长".repeat(1000));
    expect(wrapper.text()).toContain("将分 2 条发出");
    await wrapper.get("textarea").setValue("长".repeat(1500));
    expect(wrapper.text()).toContain("要分 3 条发出，只能再发 2 条");
    await wrapper.get("form").trigger("submit");
    expect(desk.outbox.of(ID)).toEqual([]);
  });
});

it.each([
  ["webchat", "网页"],
  ["wechat", "微信"],
  ["wecom", "微信客服"],
  ["voice", "电话"],
  ["plaintext", "文字"],
  ["fax", "其他渠道"],
])("the channel %s is called %s", (channel, name) => {
  const wrapper = mount(ChannelTag, { props: { channel } });
  expect(wrapper.text()).toBe(name);
  expect(wrapper.find("svg").exists()).toBe(true);
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
    expect(mount(MessageItem, { props: { message: lost, repeated: false }, global: global() }).text()).toContain("没有送达：渠道没有接收");
  });

  const fates: [Partial<Message>, string][] = [
    [{ delivery: "delivered" }, "已送达"],
    [{ delivery: "delivered", reason: "unconfirmed" }, "已发出，渠道没有确认是否送达"],
    [{ delivery: "pending" }, "发送中"],
    [{ delivery: "waiting", reason: "window_closed" }, "等住户再次发消息时送出"],
    [{ delivery: "failed", reason: "unknown_user" }, "没有送达：住户已取消关注，或账号不存在"],
    [{ delivery: "failed", reason: "gave_up" }, "没有送达：多次尝试都没有成功"],
    [{ delivery: "failed", reason: "something_new" }, "没有送达：渠道没有接收这条消息"],
    [{ delivery: "waiting", author: "system", blocks: [{ kind: "system", text: "已接入", event: "agent_joined" }] }, "等住户再次发消息时送出"],
  ];
  it.each(fates)("tells what became of it: %o", (fate, expected) => {
    const sent = message(2, { author: "agent", direction: "out", ...fate });
    expect(mount(MessageItem, { props: { message: sent, repeated: false }, global: global() }).text()).toContain(expected);
  });

  it("keeps quiet about what the bot sent and what arrived", () => {
    const sent = message(2, { author: "bot", direction: "out", delivery: "delivered" });
    expect(mount(MessageItem, { props: { message: sent, repeated: false }, global: global() }).find(".status").exists()).toBe(false);
  });
});
