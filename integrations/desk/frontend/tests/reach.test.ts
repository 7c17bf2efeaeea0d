import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { partsOf, standingOf } from "../src/reach";
import { createFollower } from "../src/stores/follower";
import type { Outgoing } from "../src/stores/outbox";
import { ANYTHING, conversation, ID, limited, message, NOW } from "./helpers";

const now = Date.parse(NOW);

function outgoing(more: Partial<Outgoing> = {}): Outgoing {
  return { client_message_id: "x", conversation_id: ID, kind: "reply", text: "您好", state: "sending", error: "", ...more };
}

function thread(more: { reach?: ReturnType<typeof limited> | null; messages?: ReturnType<typeof message>[] } = {}) {
  return { conversation: conversation(), reach: limited(), reachSeq: 4, messages: [], ...more };
}

describe("what may still be sent", () => {
  it("is anything where the channel has no limit, or nothing is known yet", () => {
    expect(standingOf(thread({ reach: ANYTHING }), [], now)).toMatchObject({ limited: false, blocked: null });
    expect(standingOf(thread({ reach: null }), [], now)).toMatchObject({ limited: false, blocked: null });
  });

  it("is what the server said, less what was written since", () => {
    const messages = [
      message(3, { direction: "out", author: "agent" }),
      message(5, { direction: "out", author: "agent" }),
      message(6),
      message(7, { direction: "out", author: "agent", note: true }),
    ];
    const unsent = [outgoing(), outgoing({ kind: "note" }), outgoing({ state: "refused" })];
    expect(standingOf(thread({ messages }), unsent, now)).toMatchObject({ left: 1, blocked: null });
    expect(standingOf(thread({ messages }), [outgoing(), outgoing()], now)).toMatchObject({ left: 0, blocked: "used" });
  });

  it("ends with the window, whatever was left, by the server's clock", () => {
    const reach = limited({ closes_at: "2026-11-21T02:00:01Z" });
    expect(standingOf(thread({ reach }), [], now).blocked).toBeNull();
    expect(standingOf(thread({ reach }), [], now + 1000).blocked).toBe("closed");
    expect(standingOf(thread({ reach: limited({ left: 0, closes_at: null }) }), [], now).blocked).toBe("closed");
  });

  it.each([
    ["", 1],
    ["您好", 1],
    ["长".repeat(682), 1],
    ["长".repeat(683), 2],
    ["a".repeat(2049), 2],
  ])("a text becomes as many messages as its bytes need", (text, parts) => expect(partsOf(text, 2048)).toBe(parts));

  it("is one message of any length where the channel does not split", () => expect(partsOf("长".repeat(2000), null)).toBe(1));
});

describe("following what may change without a push", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("looks at growing distances, starts anew with something new, and ends", async () => {
    const look = vi.fn().mockRejectedValueOnce(new Error("offline")).mockResolvedValue(undefined);
    const follower = createFollower(look);
    follower.follow("2pending");
    await vi.advanceTimersByTimeAsync(7_000);
    expect(look).toHaveBeenCalledTimes(3);
    follower.follow("2pending");
    await vi.advanceTimersByTimeAsync(7_000);
    expect(look).toHaveBeenCalledTimes(3);
    follower.follow("2pending,3pending");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(look).toHaveBeenCalledTimes(4);
    follower.follow("");
    await vi.advanceTimersByTimeAsync(600_000);
    expect(look).toHaveBeenCalledTimes(4);
  });

  it("never looks twice at a time when the look itself brings news", async () => {
    let running = 0;
    let most = 0;
    const names = ["b", "c", ""];
    const follower = createFollower(async () => {
      running += 1;
      most = Math.max(most, running);
      follower.follow(names.shift() ?? "");
      await new Promise((done) => window.setTimeout(done, 500));
      running -= 1;
    });
    follower.follow("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(most).toBe(1);
    expect(names).toEqual([]);
  });
});
