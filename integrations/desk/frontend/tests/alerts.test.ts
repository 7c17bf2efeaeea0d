import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick } from "vue";

import { createAlerts } from "../src/alerts";
import { texts } from "../src/texts";

/** Counts tones instead of playing them. */
class FakeAudio {
  static tones = 0;
  state = "running";
  currentTime = 0;
  destination = {};

  createOscillator(): unknown {
    FakeAudio.tones += 1;
    const tone = { frequency: { value: 0 }, connect: (next: unknown) => next, start: () => undefined, stop: () => undefined };
    return tone;
  }

  createGain(): unknown {
    const gain = { setValueAtTime: () => undefined, exponentialRampToValueAtTime: () => undefined };
    return { gain, connect: (next: unknown) => next };
  }
}

function hide(hidden: boolean): void {
  vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
  document.dispatchEvent(new Event("visibilitychange"));
}

describe("alerts", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("AudioContext", FakeAudio);
    FakeAudio.tones = 0;
    localStorage.clear();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  function setUp() {
    const alerts = createAlerts(localStorage);
    alerts.start();
    document.dispatchEvent(new Event("pointerdown"));
    return alerts;
  }

  it("an alarm sounds and blinks until it is acknowledged", () => {
    const alerts = setUp();
    alerts.setAlarms(1);
    alerts.raise("alarm", 0);
    const first = FakeAudio.tones;
    vi.advanceTimersByTime(13_000);
    expect(FakeAudio.tones).toBe(first * 3);
    expect(document.title).toContain("警情");
    alerts.setAlarms(0);
    vi.advanceTimersByTime(30_000);
    expect(FakeAudio.tones).toBe(first * 3);
    expect(document.title).toBe(texts.product);
    alerts.stop();
  });

  it("somebody new in the queue blinks until the agent looks", () => {
    const alerts = setUp();
    hide(true);
    alerts.raise("waiting", 2);
    vi.advanceTimersByTime(1_000);
    expect(document.title).toBe(`【2 人排队】${texts.product}`);
    hide(false);
    expect(document.title).toBe(texts.product);
    vi.advanceTimersByTime(5_000);
    expect(document.title).toBe(texts.product);
    alerts.stop();
  });

  it("is silent when muted, and remembers that", async () => {
    const alerts = setUp();
    alerts.muted.value = true;
    await nextTick();
    alerts.raise("waiting", 1);
    expect(FakeAudio.tones).toBe(0);
    alerts.stop();
    expect(createAlerts(localStorage).muted.value).toBe(true);
  });
});
