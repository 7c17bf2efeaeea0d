import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ref } from "vue";

import { ApiError } from "../src/api/errors";
import type { Identity } from "../src/api/types";
import { useBinding } from "../src/chat/composables/binding";
import type { Session } from "../src/chat/composables/session";
import { codeProblem, digits, phoneProblem } from "../src/chat/validation";
import { texts } from "../src/texts";

const BOUND: Identity = { verified: true, name: "王**", homes: ["翠湖花园3栋2单元501"] };

function fake(post: (path: string, body: unknown) => Promise<unknown>): Session & { posted: [string, unknown][] } {
  const posted: [string, unknown][] = [];
  const identity = ref<Identity>({ verified: false, name: null, homes: [] });
  const http = {
    post: (path: string, body: unknown) => {
      posted.push([path, body]);
      return post(path, body);
    },
  };
  return { http, identity, posted } as unknown as Session & { posted: [string, unknown][] };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("what is typed", () => {
  test.each(["13800138000", "138 0013 8000", "138-0013-8000", "+86 13800138000", "１３８００１３８０００"])(
    "%s is a phone number",
    (phone) => {
      expect(phoneProblem(phone)).toBeNull();
      expect(digits(phone)).toBe("13800138000");
    },
  );

  test.each(["1380013800", "138001380001", "23800138000", "12800138000", "abc"])("%s is none", (phone) => {
    expect(phoneProblem(phone)).toBe(texts.bind.phoneWrong);
  });

  test("nothing is said to be missing, not wrong", () => {
    expect(phoneProblem(" ")).toBe(texts.bind.phoneEmpty);
    expect(codeProblem("")).toBe(texts.bind.codeEmpty);
  });

  test("a code has six digits", () => {
    expect(codeProblem("012345")).toBeNull();
    expect(codeProblem("012 345")).toBeNull();
    expect(codeProblem("12345")).toBe(texts.bind.codeWrong);
    expect(codeProblem("12345a")).toBe(texts.bind.codeWrong);
  });
});

describe("binding a home", () => {
  test("a wrong number is not sent to the server", async () => {
    const session = fake(() => Promise.resolve({}));
    const binding = useBinding(session);
    binding.phone.value = "123";
    expect(await binding.requestCode()).toBe(false);
    expect(binding.phoneProblem.value).toBe(texts.bind.phoneWrong);
    expect(session.posted).toEqual([]);
    binding.stop();
  });

  test("after a code was asked for, the next one has to wait 60 seconds", async () => {
    const session = fake(() => Promise.resolve({ expires_in: 300 }));
    const binding = useBinding(session);
    binding.phone.value = "138 0013 8000";
    expect(await binding.requestCode()).toBe(true);
    expect(session.posted).toEqual([["/api/webchat/bindings/code", { phone: "13800138000" }]]);
    expect(binding.secondsLeft.value).toBe(60);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(binding.secondsLeft.value).toBe(40);
    await vi.advanceTimersByTimeAsync(40_500);
    expect(binding.secondsLeft.value).toBe(0);
    binding.stop();
  });

  test("a refused request for a code starts no countdown and shows the server's sentence", async () => {
    const binding = useBinding(fake(() => Promise.reject(new ApiError(429, "too_many_codes", "太频繁"))));
    binding.phone.value = "13800138000";
    expect(await binding.requestCode()).toBe(false);
    expect(binding.secondsLeft.value).toBe(0);
    expect(binding.problem.value).toBe("太频繁");
    binding.stop();
  });

  test("the right code binds the homes", async () => {
    const session = fake(() => Promise.resolve({ identity: BOUND }));
    const binding = useBinding(session);
    binding.phone.value = "13800138000";
    binding.code.value = " 123456";
    expect(await binding.verify()).toBe(true);
    expect(session.posted).toEqual([["/api/webchat/bindings/verify", { phone: "13800138000", code: "123456" }]]);
    expect(session.identity.value).toEqual(BOUND);
    binding.stop();
  });

  test("both fields are checked before the server is asked", async () => {
    const session = fake(() => Promise.resolve({ identity: BOUND }));
    const binding = useBinding(session);
    expect(await binding.verify()).toBe(false);
    expect(binding.phoneProblem.value).toBe(texts.bind.phoneEmpty);
    expect(binding.codeProblem.value).toBe(texts.bind.codeEmpty);
    expect(session.posted).toEqual([]);
    binding.stop();
  });

  test("a wrong code binds nothing", async () => {
    const session = fake(() => Promise.reject(new ApiError(422, "code_wrong", "验证码不对")));
    const binding = useBinding(session);
    binding.phone.value = "13800138000";
    binding.code.value = "000000";
    expect(await binding.verify()).toBe(false);
    expect(binding.problem.value).toBe("验证码不对");
    expect(session.identity.value.verified).toBe(false);
    expect(binding.busy.value).toBe(false);
    binding.stop();
  });
});
