import { describe, expect, it, vi } from "vitest";

import { ApiError, DeskApi } from "../src/api/client";
import { agent, ID, overviewOf } from "./helpers";

const json = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status });
const refused = (status: number, code: string): Response => json(status, { error: { code, message: "不行。" } });
const me = (token: string, id = 1): Response => json(200, { agent: agent({ id }), csrf_token: token });
const draft = { client_message_id: "0123456789abcdef", text: "您好" };

function setUp(...answers: (Response | Error)[]) {
  const fetcher = vi.fn<typeof fetch>(() => {
    const answer = answers.shift();
    if (answer === undefined) throw new Error("one request too many");
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  const api = new DeskApi(fetcher);
  const tokens = (): (string | undefined)[] =>
    fetcher.mock.calls.map(([, init]) => (init?.headers as Record<string, string>)["X-CSRF-Token"]);
  return { api, fetcher, tokens };
}

describe("the desk's interface", () => {
  it("sends the session's token with every write and with no read", async () => {
    const { api, tokens } = setUp(me("token-1"), json(200, overviewOf()), json(201, {}));
    await api.login("xiaoli", "geheim");
    await api.overview();
    await api.reply(ID, draft);
    expect(tokens()).toEqual(["", undefined, "token-1"]);
  });

  it("fetches a new token when the same agent signed in again in another tab", async () => {
    const { api, tokens } = setUp(me("old"), refused(403, "csrf"), me("new"), json(201, {}));
    await api.me();
    await api.reply(ID, draft);
    expect(tokens()).toEqual([undefined, "old", undefined, "new"]);
  });

  it("writes nothing in the name of somebody else who signed in in another tab", async () => {
    const { api, fetcher } = setUp(me("old"), refused(403, "csrf"), me("new", 2));
    const changed = vi.fn();
    api.onAgentChanged = changed;
    await api.me();
    await expect(api.reply(ID, draft)).rejects.toMatchObject({ code: "csrf" });
    expect(fetcher).toHaveBeenCalledTimes(3);
    expect(changed).toHaveBeenCalledWith(agent({ id: 2 }));
  });

  it("tells when the session is over, but not for a wrong password", async () => {
    const { api } = setUp(refused(401, "sign_in_refused"), refused(401, "session_expired"));
    const signedOut = vi.fn();
    api.onSignedOut = signedOut;
    await expect(api.login("xiaoli", "x")).rejects.toMatchObject({ message: "不行。" });
    expect(signedOut).not.toHaveBeenCalled();
    await expect(api.overview()).rejects.toBeInstanceOf(ApiError);
    expect(signedOut).toHaveBeenCalledTimes(1);
  });

  it.each([
    [new TypeError("Failed to fetch"), true],
    [new Response("<html>502</html>", { status: 502 }), true],
    [refused(503, "database_busy"), true],
    [refused(429, "too_many_requests"), true],
    [refused(403, "not_your_conversation"), false],
    [refused(422, "message_too_long"), false],
  ])("knows which failures may pass: %s", async (answer, temporary) => {
    const { api } = setUp(answer);
    const error: unknown = await api.overview().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).temporary).toBe(temporary);
    expect((error as ApiError).message).toMatch(/。$/);
  });
});
