import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import App from "../src/bind/App.vue";
import { createBindSession } from "../src/bind/session";
import { type Visit, signInAt, visitOf } from "../src/bind/visit";
import { memoryStore } from "../src/lib/storage";
import { texts } from "../src/texts";
import { button, mounted } from "./helpers";

const TICKET = "cuihu.gAAAAABqH_-x==";
const BOUND = { verified: true, name: "王**", homes: ["翠湖花园3栋2单元501"] };
const STRANGER = { verified: false, name: null, homes: [] };

interface Call {
  path: string;
  init: RequestInit;
}

let calls: Call[];
let answers: Record<string, [number, unknown]>;

beforeEach(() => {
  calls = [];
  answers = {
    "/api/wechat/binding": [200, { identity: STRANGER }],
    "/api/wechat/binding/code": [202, { expires_in: 300 }],
    "/api/wechat/binding/verify": [200, { identity: BOUND }],
  };
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    calls.push({ path, init });
    const [status, body] = answers[path] ?? [404, {}];
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  document.documentElement.classList.remove("large");
});

const visit = (more: Partial<Visit> = {}): Visit => ({
  account: "cuihu",
  ticket: TICKET,
  problem: null,
  finish: () => undefined,
  ...more,
});

const open = (given: Visit, store = memoryStore()): HTMLElement => mounted(App, { visit: given, remembered: store });

function type(host: HTMLElement, selector: string, text: string): void {
  const field = host.querySelector<HTMLInputElement>(selector);
  if (field === null) throw new Error(`no field ${selector}`);
  field.value = text;
  field.dispatchEvent(new Event("input"));
}

const phoneField = "input[type=tel]";
const codeField = "input[inputmode=numeric]";
const refused = { error: { code: "unauthorized", message: "会话已失效" } };

describe("the address", () => {
  test("gives the ticket and the account, and keeps the ticket for a reload of this tab", () => {
    const store = memoryStore();
    expect(visitOf({ search: "?account=cuihu", hash: `#${TICKET}` }, store)).toMatchObject({ account: "cuihu", ticket: TICKET });
    expect(visitOf({ search: "?account=cuihu", hash: "" }, store).ticket).toBe(TICKET);
  });

  test("a ticket that was used is not tried again", () => {
    const store = memoryStore();
    visitOf({ search: "?account=cuihu", hash: `#${TICKET}` }, store).finish();
    expect(visitOf({ search: "?account=cuihu", hash: "" }, store).ticket).toBeNull();
  });

  test.each(["https://evil.example", "../evil", "//evil.example", "a/b", "A", ""])("%s is no account", (name) => {
    const search = `?account=${encodeURIComponent(name)}`;
    expect(visitOf({ search, hash: "" }, memoryStore()).account).toBeNull();
  });

  test.each(["#", "#x", "#<b>.x", `#cuihu.${"x".repeat(2_000)}`])("%s holds no ticket", (hash) => {
    expect(visitOf({ search: "?account=cuihu", hash }, memoryStore()).ticket).toBeNull();
  });

  test("a problem wins over a ticket kept from before, and an unknown one has a sentence too", () => {
    const store = memoryStore();
    visitOf({ search: "?account=cuihu", hash: `#${TICKET}` }, store);
    expect(visitOf({ search: "?account=cuihu&problem=strange", hash: "" }, store)).toMatchObject({ ticket: null, problem: "strange" });
    expect(visitOf({ search: "?account=cuihu&problem=constructor", hash: "" }, store).problem).toBe("busy");
  });

  test("the sign-in begins on this server", () => {
    expect(signInAt("cuihu")).toBe("/wechat/cuihu/bind");
  });
});

describe("requests", () => {
  test("bear the ticket, and the cookie of the browser it was made for", async () => {
    await createBindSession(TICKET).load();
    const init = calls[0]?.init ?? {};
    expect(new Headers(init.headers).get("Authorization")).toBe(`Bearer ${TICKET}`);
    expect(init.credentials).toBe("same-origin");
  });
});

describe("the page", () => {
  test("leads from the phone over the code to the homes, and the ticket is done", async () => {
    const finish = vi.fn();
    const host = open(visit({ finish }));
    await vi.waitFor(() => expect(host.querySelector(phoneField)).not.toBeNull());
    type(host, phoneField, "138 0013 8000");
    button(host, texts.bind.getCode).click();
    await vi.waitFor(() => expect(host.textContent).toContain(texts.bind.codeSent));
    type(host, codeField, "123456");
    host.querySelector("form")?.dispatchEvent(new Event("submit"));
    await vi.waitFor(() => expect(host.textContent).toContain(texts.bindPage.success("翠湖花园3栋2单元501")));
    expect(calls.map(({ path, init }) => [path, init.body])).toEqual([
      ["/api/wechat/binding", undefined],
      ["/api/wechat/binding/code", '{"phone":"13800138000"}'],
      ["/api/wechat/binding/verify", '{"phone":"13800138000","code":"123456"}'],
    ]);
    expect(finish).toHaveBeenCalled();
    expect(host.textContent).toContain(texts.bindPage.closeByHand);
  });

  test("inside WeChat a button leads back to the account", async () => {
    const invoke = vi.fn();
    vi.stubGlobal("WeixinJSBridge", { invoke });
    const host = open(visit());
    await vi.waitFor(() => expect(host.querySelector(phoneField)).not.toBeNull());
    type(host, phoneField, "13800138000");
    type(host, codeField, "123456");
    host.querySelector("form")?.dispatchEvent(new Event("submit"));
    await vi.waitFor(() => button(host, texts.bindPage.toAccount).click());
    expect(invoke).toHaveBeenCalledWith("closeWindow", {});
  });

  test("says what is bound already and lets another phone be proven", async () => {
    answers["/api/wechat/binding"] = [200, { identity: BOUND }];
    const host = open(visit());
    await vi.waitFor(() => expect(host.textContent).toContain(texts.bindPage.boundAlready("王**", "翠湖花园3栋2单元501")));
    expect(host.querySelector(phoneField)).not.toBeNull();
  });

  test("a ticket that is over leads back to the sign-in", async () => {
    answers["/api/wechat/binding"] = [401, refused];
    const finish = vi.fn();
    const host = open(visit({ finish }));
    await vi.waitFor(() => expect(host.textContent).toContain(texts.bindPage.problems.expired));
    expect(host.querySelector("a")?.getAttribute("href")).toBe("/wechat/cuihu/bind");
    expect(host.querySelector("form")).toBeNull();
    expect(finish).toHaveBeenCalled();
  });

  test("a wrong code keeps the form and shows the server's sentence", async () => {
    answers["/api/wechat/binding/verify"] = [422, { error: { code: "code_wrong", message: "验证码不对" } }];
    const host = open(visit());
    await vi.waitFor(() => expect(host.querySelector(phoneField)).not.toBeNull());
    type(host, phoneField, "13800138000");
    type(host, codeField, "000000");
    host.querySelector("form")?.dispatchEvent(new Event("submit"));
    await vi.waitFor(() => expect(host.textContent).toContain("验证码不对"));
    expect(host.querySelector("form")).not.toBeNull();
  });

  test.each(["strange", "busy", "snapshot", "expired"] as const)("tells the problem %s and offers to begin again", (problem) => {
    const host = open(visit({ ticket: null, problem }));
    expect(host.querySelector("[role=alert]")?.textContent).toContain(texts.bindPage.problems[problem]);
    expect(host.querySelector("a")?.textContent).toContain(texts.bindPage.again);
    expect(calls).toEqual([]);
  });

  test("without an account in the address the resident is sent back to the menu", () => {
    const host = open(visit({ ticket: null, account: null }));
    expect(host.textContent).toContain(texts.bindPage.openFromMenu);
    expect(host.querySelector("a")).toBeNull();
  });

  test("large text is one tap away and remembered", async () => {
    const store = memoryStore();
    const host = open(visit(), store);
    button(host, texts.header.largeOn).click();
    await vi.waitFor(() => expect(document.documentElement.classList.contains("large")).toBe(true));
    expect(store.get("large-text")).toBe("1");
  });
});
