import { describe, expect, test } from "vitest";

import { backoff } from "../src/lib/backoff";
import { newId } from "../src/lib/ids";
import { browserStore, readJson } from "../src/lib/storage";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("client message ids", () => {
  test("are UUIDs with and without crypto.randomUUID", () => {
    expect(newId()).toMatch(UUID);
    const old = { getRandomValues: crypto.getRandomValues.bind(crypto) };
    expect(newId(old)).toMatch(UUID);
    expect(newId(old)).not.toBe(newId(old));
  });
});

test("pauses double up to 30 seconds", () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((attempts) => backoff(attempts, () => 0))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
  ]);
  expect(backoff(1, () => 1)).toBe(800);
});

describe("storage", () => {
  test("is shared by pages and kept apart from others", () => {
    browserStore().set("token", "x");
    expect(localStorage.getItem("guanjia.webchat.token")).toBe("x");
    expect(browserStore().get("token")).toBe("x");
    localStorage.setItem("foreign", "1");
    expect(browserStore().keys()).toEqual(["token"]);
    localStorage.clear();
  });

  test("is memory where the browser forbids it", () => {
    const store = browserStore(() => {
      throw new DOMException("denied", "SecurityError");
    });
    store.set("token", "x");
    expect(store.get("token")).toBe("x");
    expect(store.keys()).toEqual(["token"]);
    store.remove("token");
    expect(store.get("token")).toBeNull();
  });

  test("is memory for what does not fit", () => {
    const full = { getItem: () => null, key: () => null, length: 0, removeItem: () => undefined } as unknown as Storage;
    full.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    const store = browserStore(() => full);
    store.set("outbox.1", "x");
    expect(store.get("outbox.1")).toBe("x");
    expect(store.keys()).toEqual(["outbox.1"]);
  });

  test("what is broken in it counts as missing", () => {
    const store = browserStore();
    store.set("read", "{broken");
    expect(readJson(store, "read")).toBeNull();
    localStorage.clear();
  });
});
