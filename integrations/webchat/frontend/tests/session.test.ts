import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { ApiError, NetworkError } from "../src/api/errors";
import { createSession } from "../src/chat/composables/session";
import { browserStore, memoryStore, storageKey } from "../src/lib/storage";

/** A server that knows its tokens and counts what it is asked. */
class FakeServer {
  readonly tokens = new Set<string>();
  readonly calls: string[] = [];
  down = false;
  private made = 0;

  fetch = (input: string, init: RequestInit = {}): Promise<Response> => {
    const token = (new Headers(init.headers).get("Authorization") ?? "").replace("Bearer ", "");
    this.calls.push(`${init.method ?? "GET"} ${input}`);
    if (this.down) return Promise.reject(new TypeError("failed to fetch"));
    const identity = { verified: false, name: null, homes: [] };
    if (input === "/api/webchat/sessions") {
      this.made += 1;
      this.tokens.add(`t${this.made}`);
      return answer(201, { token: `t${this.made}`, conversation_id: null, identity });
    }
    if (!this.tokens.has(token)) return answer(401, { error: { code: "unauthorized", message: "会话已失效" } });
    return answer(200, { conversation_id: null, identity, conversations: [], token });
  };
}

const answer = (status: number, body: unknown): Promise<Response> =>
  Promise.resolve(new Response(JSON.stringify(body), { status }));

let server: FakeServer;

beforeEach(() => {
  server = new FakeServer();
  vi.stubGlobal("fetch", server.fetch);
});
afterEach(() => void vi.unstubAllGlobals());

describe("session", () => {
  test("the first visit makes one, the second uses it", async () => {
    const store = memoryStore();
    await createSession(store).open();
    await createSession(store).open();
    expect(server.calls).toEqual(["POST /api/webchat/sessions", "GET /api/webchat/me", "GET /api/webchat/me"]);
  });

  test("a refused token is replaced once, and the request goes again", async () => {
    const store = memoryStore();
    store.set("token", "gone");
    const session = createSession(store);
    await session.open();
    expect(server.calls).toEqual(["GET /api/webchat/me", "POST /api/webchat/sessions", "GET /api/webchat/me"]);
    expect(store.get("token")).toBe("t1");
    expect(session.generation.value).toBe(1);
  });

  test("requests refused at the same time share the new session", async () => {
    const store = memoryStore();
    store.set("token", "gone");
    const session = createSession(store);
    await Promise.all([session.open(), session.open(), session.open()]);
    expect(server.calls.filter((call) => call.startsWith("POST"))).toHaveLength(1);
  });

  test("the new token of another tab is taken over", async () => {
    const store = browserStore();
    server.tokens.add("other");
    store.set("token", "gone");
    const session = createSession(store);
    store.set("token", "other");
    await session.open();
    expect(server.calls.some((call) => call.startsWith("POST"))).toBe(false);
    expect(session.token()).toBe("other");
    store.remove("token");
  });

  test("another tab's change is heard at once", () => {
    const session = createSession(memoryStore());
    window.dispatchEvent(new StorageEvent("storage", { key: storageKey("token"), newValue: "new" }));
    expect(session.token()).toBe("new");
  });

  test("without a network nothing is made up", async () => {
    server.down = true;
    const session = createSession(memoryStore());
    await expect(session.open()).rejects.toBeInstanceOf(NetworkError);
    expect(session.reachable.value).toBe(false);
    server.down = false;
    await session.open();
    expect(session.reachable.value).toBe(true);
  });

  test("where locks are denied (a frame with blocked storage) there is a session all the same", async () => {
    vi.stubGlobal("navigator", {
      locks: { request: () => Promise.reject(new DOMException("denied", "SecurityError")) },
    });
    const session = createSession(memoryStore());
    await session.open();
    expect(session.token()).toBe("t1");
  });

  test("the server's refusal keeps its sentence", async () => {
    vi.stubGlobal("fetch", () => answer(429, { error: { code: "too_many_requests", message: "操作太频繁" } }));
    const failure: unknown = await createSession(memoryStore()).open().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ code: "too_many_requests", message: "操作太频繁", isPassing: true });
  });

  test("a proxy's error page does not reach the resident", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("<html>Bad Gateway</html>", { status: 502 })));
    const failure: unknown = await createSession(memoryStore()).open().catch((error: unknown) => error);
    expect((failure as Error).message).toBe("系统忙，请稍后再试");
  });
});
