import { mount } from "@vue/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { type DeskApi } from "../src/api/client";
import type { Agent } from "../src/api/types";
import { createDesk, DESK, type Desk } from "../src/desk";
import { between, lasting, promptKept, promptShown, share, telephone } from "../src/hotline/format";
import HotlinePage from "../src/hotline/HotlinePage.vue";
import { createListening, samplesOf, type SocketLike, startOf } from "../src/hotline/listening";
import { createPlayer, type Sound } from "../src/hotline/player";
import { createHotline } from "../src/hotline/store";
import type { Call, Figures, HotlineState } from "../src/hotline/types";
import Composer from "../src/components/Composer.vue";
import MessageItem from "../src/components/MessageItem.vue";
import CallBar from "../src/hotline/CallBar.vue";
import { agent, conversation, deferred, fakeApi, ID, message, NOW, OTHER, offline, settle } from "./helpers";

const CALL = "c".repeat(32);

function call(more: Partial<Call> = {}): Call {
  return {
    id: CALL,
    direction: "in",
    transport: "sip",
    number_masked: "138****8000",
    conversation_id: ID,
    agent_name: null,
    state: "ended",
    outcome: "self_served",
    started_at: "2026-11-21T01:58:00Z",
    answered_at: "2026-11-21T01:58:02Z",
    agent_at: null,
    ended_at: "2026-11-21T01:59:25Z",
    rating: null,
    speech_ok: true,
    ...more,
  };
}

const heard = { seq: 1, at: NOW, text: "厨房漏水", confidence: 0.93, low: false, seconds: 1.4, recording_id: "d".repeat(32), refused: null };
const telephoneOf = (more: object = {}) => ({ now: NOW, calls: [call()], heard: [heard], voicemails: [], number_masked: "138****8000", ...more });

const WORKS: HotlineState = {
  enabled: true,
  calls: 1,
  most_calls: 20,
  recogniser: "ok",
  voice: "ok",
  transports: [{ name: "sip", ok: true, detail: "registered" }],
  keep_days: 90,
  outbound: true,
};

function figures(days: number, calls: number): Figures {
  return {
    days,
    calls,
    answered: calls,
    connection_rate: 0.956,
    answered_in_time: null,
    self_served: 0.5,
    to_agent: 0.25,
    voicemail: 2,
    abandoned: 1,
    handling_seconds: 83.4,
    wait_seconds: null,
  };
}

type Answers = Record<string, unknown>;

/** A desk's interface that answers a path, and remembers what was asked. */
function answering(answers: Answers) {
  const asked: [string, string, unknown][] = [];
  const request = (method: string, path: string, body?: unknown): Promise<unknown> => {
    asked.push([method, path, body]);
    const answer = answers[`${method} ${path}`];
    if (answer === undefined) return Promise.reject(offline());
    return Promise.resolve(answer);
  };
  return { api: fakeApi({ call: request }), asked };
}

function hotlineOf(api: DeskApi, role: Agent["role"] = "supervisor") {
  return createHotline(api, () => agent({ role }));
}

describe("times and numbers", () => {
  it("says how long a call lasted", () => {
    expect(lasting(83.4)).toBe("1分23秒");
    expect(lasting(3_725)).toBe("1小时2分");
    expect(between("2026-11-21T01:58:02Z", "2026-11-21T01:59:25Z")).toBe("1分23秒");
  });

  it("claims no share where there is none", () => {
    expect([share(0.956), share(0), share(null)]).toEqual(["96%", "0%", "暂无"]);
  });

  it("names in Chinese what the system fills in, and keeps its own name for it", () => {
    expect(promptShown("您好，这里是{company}，{other}")).toBe("您好，这里是{物业名称}，{other}");
    expect(promptKept("这里是{物业名称}，{other}")).toBe("这里是{company}，{other}");
  });

  it("takes a number as people write it, and nothing else", () => {
    expect([telephone(" 138-0013 8000 "), telephone("+8610123456"), telephone("8001")]).toEqual(["13800138000", "+8610123456", "8001"]);
    expect([telephone(""), telephone("1"), telephone("电话"), telephone("1".repeat(21))]).toEqual([null, null, null, null]);
  });
});

describe("the hotline's store", () => {
  it("asks an agent's server for nothing but the live calls", async () => {
    const { api, asked } = answering({ "GET /hotline/live": { now: NOW, enabled: true, calls: [] } });
    const hotline = hotlineOf(api, "agent");
    expect(hotline.sections.value).toEqual(["live"]);
    await hotline.show("prompts");
    expect(asked.map(([, path]) => path)).toEqual(["/hotline/live"]);
  });

  it("says when it cannot be reached, and keeps what is on the screen", async () => {
    const answers: Answers = { "GET /hotline/calls": { calls: [call()], before: null }, "GET /hotline/state": WORKS };
    const hotline = hotlineOf(answering(answers).api);
    await hotline.show("recent");
    Reflect.deleteProperty(answers, "GET /hotline/calls");
    await hotline.refresh();
    expect(hotline.state.reachable).toBe(false);
    expect(hotline.state.recent).toHaveLength(1);
  });

  it("keeps the older calls below the newest when it looks again", async () => {
    const older = call({ id: "e".repeat(32), started_at: "2026-11-20T01:00:00Z" });
    const newest = call({ id: "f".repeat(32), started_at: NOW });
    const answers: Answers = {
      "GET /hotline/state": WORKS,
      "GET /hotline/calls": { calls: [call()], before: 7 },
      "GET /hotline/calls?before=7": { calls: [older], before: null },
    };
    const hotline = hotlineOf(answering(answers).api);
    await hotline.show("recent");
    await hotline.loadOlder();
    answers["GET /hotline/calls"] = { calls: [newest, call()], before: 8 };
    await hotline.refresh();
    expect(hotline.state.recent.map((one) => one.id)).toEqual([newest.id, CALL, older.id]);
    expect(hotline.state.older).toBeNull();
  });

  it("shows the figures of the period that was asked for last", async () => {
    const slow = deferred<Figures>();
    const hotline = hotlineOf(answering({ "GET /hotline/figures?days=30": slow.promise, "GET /hotline/figures?days=7": figures(7, 70) }).api);
    const first = hotline.loadFigures(30);
    await hotline.loadFigures(7);
    slow.resolve(figures(30, 300));
    await first;
    expect(hotline.state.figures?.calls).toBe(70);
  });
});

describe("the player", () => {
  class Fake implements Sound {
    onended: unknown = null;
    onerror: unknown = null;
    paused = false;
    constructor(private readonly fails = false) {}
    play(): Promise<void> {
      return this.fails ? Promise.reject(new Error("gone")) : Promise.resolve();
    }
    pause(): void {
      this.paused = true;
    }
  }

  it("plays one recording at a time and stops on the second click", () => {
    const sounds: Fake[] = [];
    const player = createPlayer(() => {
      const sound = new Fake();
      sounds.push(sound);
      return sound;
    });
    player.toggle("/a");
    player.toggle("/b");
    expect(sounds.map((sound) => sound.paused)).toEqual([true, false]);
    expect(player.state.url).toBe("/b");
    player.toggle("/b");
    expect(player.state.url).toBeNull();
  });

  it("says which recording cannot be played", async () => {
    const player = createPlayer(() => new Fake(true));
    player.toggle("/a");
    await settle();
    expect(player.state).toEqual({ url: null, failed: "/a" });
  });
});

describe("listening in", () => {
  class FakeContext {
    currentTime = 0;
    destination = {};
    started: number[] = [];
    closed = false;
    createBuffer(_: number, length: number, rate: number) {
      return { duration: length / rate, copyToChannel: () => undefined };
    }
    createBufferSource() {
      return { buffer: null, connect: () => undefined, start: (at: number) => this.started.push(at) };
    }
    close(): Promise<void> {
      this.closed = true;
      return Promise.resolve();
    }
  }

  function start() {
    const context = new FakeContext();
    const close = vi.fn();
    const socket: SocketLike = { binaryType: "", onmessage: null, onclose: null, close };
    const listening = createListening(
      () => socket,
      () => context as unknown as AudioContext,
    );
    listening.listen(CALL);
    return { context, socket, close, listening };
  }

  it("reads the samples of the line", () => {
    const samples = samplesOf(new Int16Array([0, 16_384, -32_768]).buffer);
    expect([...samples]).toEqual([0, 0.5, -1]);
  });

  it("plays piece behind piece, and falls never far behind the call", () => {
    expect(startOf(0, 5)).toBe(5.15);
    expect(startOf(5.15, 5.1)).toBe(5.15);
    expect(startOf(7, 5)).toBeNull();
    const { context, socket } = start();
    for (let piece = 0; piece < 2; piece += 1) socket.onmessage?.({ data: new Int16Array(800).buffer } as MessageEvent<ArrayBuffer>);
    expect(context.started).toEqual([0.15, 0.25]);
  });

  it("tells the end of the call from a broken connection", () => {
    for (const [code, phase] of [[1000, "ended"], [1006, "failed"]] as const) {
      const { context, socket, listening } = start();
      expect(listening.state.phase).toBe("connecting");
      socket.onclose?.({ code } as CloseEvent);
      expect(listening.state.phase).toBe(phase);
      expect(context.closed).toBe(true);
    }
  });

  it("closes the connection when the listener stops", () => {
    const { close, listening } = start();
    listening.stop();
    expect(close).toHaveBeenCalled();
    expect(listening.state).toEqual({ id: null, phase: "idle" });
  });
});

describe("on the screen", () => {
  let desk: Desk;
  let answers: Answers;
  let asked: [string, string, unknown][];

  beforeEach(() => {
    answers = {};
    asked = [];
    sessionStorage.clear();
    vi.stubGlobal("fetch", (url: string, request: RequestInit) => {
      const path = url.replace("/api/desk", "");
      asked.push([request.method ?? "", path, request.body]);
      const answer = answers[`${request.method ?? ""} ${path}`];
      if (answer === undefined) return Promise.reject(new TypeError("no network in a test"));
      return Promise.resolve(new Response(JSON.stringify(answer), { status: 200 }));
    });
    desk = createDesk(() => undefined);
    desk.now.value = Date.parse(NOW);
    desk.session.state.phase = "signed_in";
  });

  const global = () => ({ provide: { [DESK as symbol]: desk } });
  /** Until answers have been read and shown. */
  const shown = () => vi.waitFor(() => new Promise((done) => setTimeout(done, 0)));

  async function page(role: Agent["role"], section: Parameters<Desk["hotline"]["show"]>[0] = "live") {
    desk.session.state.agent = agent({ role });
    desk.hotline.state.section = section;
    const wrapper = mount(HotlinePage, { global: global(), attachTo: document.body });
    await shown();
    await shown();
    return wrapper;
  }

  it("marks what may have been misheard, and offers the sound of it", async () => {
    answers[`GET /conversations/${ID}/calls`] = telephoneOf({ heard: [heard, { ...heard, seq: 2, confidence: 0.41, low: true, recording_id: null }] });
    await desk.hotline.calls.refresh(ID);
    const item = (seq: number) => mount(MessageItem, { props: { message: message(seq), repeated: false }, global: global() });
    expect(item(1).text()).toContain("识别把握 93%");
    expect(item(1).find("button").text()).toBe("播放录音");
    expect(item(2).get(".low").text()).toBe("可能听错，识别把握 41%");
    expect(item(2).find("button").exists()).toBe(false);
    expect(item(3).find(".heard").exists()).toBe(false);
  });

  it("tells a call that goes on from one that is over, and calls back only then", async () => {
    answers[`GET /conversations/${ID}/calls`] = telephoneOf({ calls: [call({ state: "talking", ended_at: null, outcome: null })] });
    const bar = mount(CallBar, { props: { conversationId: ID, lastSeq: 1 }, global: global() });
    await shown();
    expect(bar.text()).toContain("通话中");
    expect(bar.text()).toContain("1分58秒");
    expect(bar.text()).not.toContain("回拨");
    answers[`GET /conversations/${ID}/calls`] = telephoneOf();
    await bar.setProps({ lastSeq: 2 });
    await shown();
    expect(bar.text()).toContain("通话已结束");
    expect(bar.text()).toContain("通话 1分23秒");
    expect(bar.text()).toContain("回拨 138****8000");
    bar.unmount();
  });

  it("shows a voicemail with its words and its ticket", async () => {
    const voicemail = { id: CALL, seconds: 23, created_at: NOW, expires_at: null, transcript: "电梯坏了", ticket_number: "WX261121-0003" };
    answers[`GET /conversations/${ID}/calls`] = telephoneOf({ voicemails: [voicemail] });
    const bar = mount(CallBar, { props: { conversationId: ID, lastSeq: 1 }, global: global() });
    await shown();
    expect(bar.text()).toContain("语音留言 23秒");
    expect(bar.text()).toContain("工单 WX261121-0003");
    expect(bar.text()).toContain("电梯坏了");
    bar.unmount();
  });

  it("says that what is typed will be read aloud", () => {
    const props = { chat: conversation({ channel: "voice" }), mine: true, reach: null, standing: null };
    expect(mount(Composer, { props, global: global() }).get("textarea").attributes("placeholder")).toBe("输入回复，会读给对方听");
  });

  it("shows an agent the live calls only, without listening in", async () => {
    const live = { ...call({ state: "talking" }), since: "2026-11-21T01:58:00Z", last_heard: "厨房漏水", listeners: 0, can_listen: false };
    answers["GET /hotline/live"] = { now: NOW, enabled: true, calls: [live] };
    const wrapper = await page("agent");
    expect(wrapper.text()).toContain("刚说：厨房漏水");
    expect(wrapper.text()).toContain("智能助手接听中");
    expect(wrapper.find("nav").exists()).toBe(false);
    expect(wrapper.findAll(".item button").map((one) => one.text())).toEqual(["查看记录"]);
    wrapper.unmount();
  });

  it.each([
    [{ recogniser: "off" }, "语音识别未启用"],
    [{ recogniser: "down" }, "语音服务没有回应，来电正在用按键办理"],
    [{ voice: "down" }, "语音服务没有回应，来电正在用按键办理"],
    [{ voice: "off" }, "语音合成未启用"],
  ])("says what the speech service cannot do: %o", async (state, sentence) => {
    answers["GET /hotline/live"] = { now: NOW, enabled: true, calls: [] };
    answers["GET /hotline/state"] = { ...WORKS, ...state };
    const wrapper = await page("supervisor");
    expect(wrapper.text()).toContain(sentence);
    wrapper.unmount();
  });

  it("lets only an administrator change a prompt", async () => {
    const prompt = { name: "goodbye", text: "再见。", original: "再见。", changed: false, recorded: true, recordable: true, playable: true };
    answers["GET /hotline/prompts"] = [prompt];
    answers["GET /hotline/state"] = WORKS;
    const supervisor = await page("supervisor", "prompts");
    expect(supervisor.findAll(".item button").map((one) => one.text())).toEqual(["试听"]);
    supervisor.unmount();
    const admin = await page("admin", "prompts");
    expect(admin.findAll(".item button").map((one) => one.text())).toEqual(["试听", "修改文字", "上传录音", "删除录音"]);
    admin.unmount();
  });

  it("releases a call about a debt only after the second yes", async () => {
    const task = {
      id: CALL,
      kind: "debt",
      number_masked: "138****8000",
      text: "物业费",
      state: "draft",
      not_before: null,
      next_at: null,
      attempts: 0,
      outcome: null,
      created_by: "王主任",
      released_by: null,
      released_at: null,
      created_at: NOW,
    };
    answers["GET /hotline/outbound"] = [task];
    answers["GET /hotline/state"] = WORKS;
    answers[`POST /hotline/outbound/${CALL}/release`] = { ...task, state: "released", released_by: "王主任" };
    const wrapper = await page("supervisor", "outbound");
    const released = () => asked.filter(([method]) => method === "POST");
    const yes = async () => {
      await shown();
      const boxes = [...document.querySelectorAll<HTMLButtonElement>(".el-message-box__btns .el-button--primary")];
      boxes.at(-1)?.click();
      await shown();
    };
    await wrapper.get(".item .el-button--primary").trigger("click");
    await yes();
    expect(released()).toEqual([]);
    await yes();
    await shown();
    expect(released()).toEqual([["POST", `/hotline/outbound/${CALL}/release`, '{"confirm_debt":true}']]);
    wrapper.unmount();
  });

  it("keeps the conversation behind the hotline", async () => {
    desk.threads.state.currentId = OTHER;
    desk.turnTo("hotline");
    expect(location.hash).toBe("#/hotline");
    desk.turnTo("chats");
    expect(location.hash).toBe(`#/c/${OTHER}`);
    await shown();
    location.hash = "";
  });
});
