import { describe, expect, test, vi } from "vitest";
import { nextTick } from "vue";

import { useCall } from "../src/demo/call/call";
import CallPanel from "../src/demo/call/CallPanel.vue";
import { JitterBuffer } from "../src/demo/call/jitter";
import { Resampler, toFloat, toInt16 } from "../src/demo/call/resample";
import { clock } from "../src/demo/call/time";
import { texts } from "../src/texts";
import { button, mounted, scoped, settled } from "./helpers";

function tone(hertz: number, rate: number, seconds: number): Float32Array {
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, index) => Math.sin((2 * Math.PI * hertz * index) / rate));
}

/** The whole stream in pieces of 128, as an audio worklet gets it. */
function resampled(samples: Float32Array, from: number, to: number): Float32Array {
  const resampler = new Resampler(from, to);
  const made: number[] = [];
  for (let at = 0; at < samples.length; at += 128) made.push(...resampler.push(samples.subarray(at, at + 128)));
  return Float32Array.from(made);
}

/** The loudness of the middle of a stream; a full tone has 0.71. */
function loudness(samples: Float32Array): number {
  const middle = samples.subarray(samples.length >> 2, (samples.length * 3) >> 2);
  return Math.sqrt(middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length);
}

function frequency(samples: Float32Array, rate: number): number {
  let rises = 0;
  for (let index = 1; index < samples.length; index += 1) if ((samples[index - 1] ?? 0) < 0 && (samples[index] ?? 0) >= 0) rises += 1;
  return rises / (samples.length / rate);
}

describe("the resampler", () => {
  for (const rate of [44_100, 48_000, 16_000]) {
    test(`keeps speech and its length from ${rate} Hz`, () => {
      for (const hertz of [300, 1_000, 3_000]) {
        const made = resampled(tone(hertz, rate, 0.5), rate, 8_000);
        expect(made.length).toBeGreaterThan(3_900);
        expect(made.length).toBeLessThanOrEqual(4_000);
        expect(loudness(made)).toBeCloseTo(Math.SQRT1_2, 1);
        expect(Math.abs(frequency(made, 8_000) - hertz)).toBeLessThan(hertz / 50 + 8);
      }
    });

    test(`lets nothing above the telephone band fold back into it from ${rate} Hz`, () => {
      for (const hertz of [5_000, 6_500, 7_900]) expect(loudness(resampled(tone(hertz, rate, 0.5), rate, 8_000))).toBeLessThan(0.01);
    });

    test(`plays a telephone tone at ${rate} Hz`, () => {
      const made = resampled(tone(1_000, 8_000, 0.5), 8_000, rate);
      expect(Math.abs(made.length / rate - 0.5)).toBeLessThan(0.01);
      expect(loudness(made)).toBeCloseTo(Math.SQRT1_2, 1);
      expect(Math.abs(frequency(made, rate) - 1_000)).toBeLessThan(30);
    });
  }

  test("makes 16-bit samples that do not wrap around", () => {
    expect([toInt16(2), toInt16(-2), toInt16(0)]).toEqual([32_767, -32_767, 0]);
    expect(toFloat(Int16Array.of(-32_768, 0))).toEqual(Float32Array.of(-1, 0));
  });
});

describe("the jitter buffer", () => {
  const RATE = 1_000;
  const sound = (length: number): Float32Array => new Float32Array(length).fill(1);
  const read = (buffer: JitterBuffer, length: number): number => {
    const out = new Float32Array(length);
    buffer.read(out);
    return out.reduce((sum, sample) => sum + sample, 0);
  };

  test("begins when a little is there and then plays everything without a gap", () => {
    const buffer = new JitterBuffer(RATE);
    buffer.push(sound(20));
    expect(read(buffer, 10)).toBe(0);
    buffer.push(sound(40));
    expect([read(buffer, 25), read(buffer, 25), read(buffer, 25), read(buffer, 25)]).toEqual([25, 25, 10, 0]);
  });

  test("plays a short sound after a moment, even where no more comes", () => {
    const buffer = new JitterBuffer(RATE);
    buffer.push(sound(10));
    let heard = 0;
    for (let turn = 0; turn < 20; turn += 1) heard += read(buffer, 10);
    expect(heard).toBe(10);
  });

  test("drops everything when told to, and begins anew", () => {
    const buffer = new JitterBuffer(RATE);
    buffer.push(sound(100));
    expect(read(buffer, 10)).toBe(10);
    buffer.flush();
    expect(read(buffer, 10)).toBe(0);
    buffer.push(sound(100));
    expect(read(buffer, 10)).toBe(10);
  });

  test("does not keep more than two seconds", () => {
    const buffer = new JitterBuffer(RATE);
    for (let second = 0; second < 10; second += 1) buffer.push(sound(1_000));
    let heard = 0;
    for (let turn = 0; turn < 100; turn += 1) heard += read(buffer, 100);
    expect(heard).toBe(2_000);
  });
});

class FakeSocket {
  static readonly OPEN = 1;
  static last: FakeSocket;
  readyState = 1;
  bufferedAmount = 0;
  binaryType = "";
  sent: unknown[] = [];
  onmessage: (event: { data: unknown }) => void = () => undefined;
  onclose: (event: { code: number }) => void = () => undefined;

  constructor(readonly address: URL) {
    FakeSocket.last = this;
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 3;
  }

  tells(message: object): void {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

class FakeContext {
  state = "running";
  destination = {};
  audioWorklet = { addModule: () => Promise.resolve() };
  resume = () => Promise.resolve();
  close = () => {
    this.state = "closed";
    return Promise.resolve();
  };
  createMediaStreamSource = () => ({ connect: (next: unknown) => next });
}

class FakeNode {
  static posted: unknown[] = [];
  port = { postMessage: (data: unknown) => FakeNode.posted.push(data), onmessage: null };
  connect = (next: unknown) => next;
}

function browser(microphone: () => Promise<unknown>): void {
  FakeNode.posted = [];
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("AudioContext", FakeContext);
  vi.stubGlobal("AudioWorkletNode", FakeNode);
  Object.defineProperty(navigator, "mediaDevices", { configurable: true, value: { getUserMedia: microphone } });
}

const stream = (): { getTracks: () => { enabled: boolean; stop: () => void }[] } => {
  const tracks = [{ enabled: true, stop: () => undefined }];
  return { getTracks: () => tracks };
};

describe("a call", () => {
  test("rings, talks, takes keys and ends", async () => {
    browser(() => new Promise((resolve) => setTimeout(() => resolve(stream()), 20)));
    const call = scoped(() => useCall());
    const host = mounted(CallPanel, { call });
    button(host, texts.demo.call.dial).click();
    await nextTick();
    expect(host.textContent).toContain(texts.demo.call.states.asking);
    await vi.waitUntil(() => call.state.value === "calling");
    expect(FakeSocket.last.address.searchParams.get("from")).toBe(texts.demo.residents[0].phone);
    expect(button(host, texts.demo.call.key("5")).disabled).toBe(true);
    FakeSocket.last.tells({ state: "talking" });
    await settled();
    button(host, texts.demo.call.key("5")).click();
    button(host, texts.demo.call.key("#")).click();
    await settled();
    expect(FakeSocket.last.sent).toEqual(['{"key":"5"}', '{"key":"#"}']);
    expect(host.textContent).toContain(texts.demo.call.pressed("5#"));
    FakeSocket.last.tells({ state: "ended", reason: "us" });
    await settled();
    expect(host.textContent).toContain(texts.demo.call.reasons.us);
    expect(call.busy.value).toBe(false);
  });

  test("shows what was heard and what is said; a half sentence gives way to the whole", async () => {
    browser(() => Promise.resolve(stream()));
    const call = scoped(() => useCall());
    await call.dial("", true);
    for (const [show, text] of [["said", "a"], ["partial", "b"], ["partial", "b c"], ["said", "d"], ["heard", "b c!"]]) FakeSocket.last.tells({ show, text });
    expect(call.lines.value.map(({ who, text }) => `${who} ${text}`)).toEqual(["hotline a", "hotline d", "caller b c!"]);
  });

  test("plays what comes and drops it when the hotline was interrupted", async () => {
    browser(() => Promise.resolve(stream()));
    const call = scoped(() => useCall());
    await call.dial("", true);
    const frame = new ArrayBuffer(320);
    FakeSocket.last.onmessage({ data: frame });
    FakeSocket.last.tells({ flush: true });
    expect(FakeNode.posted).toEqual([frame, null]);
  });

  test.each([
    ["NotAllowedError", "refused"],
    ["NotFoundError", "missing"],
    ["NotReadableError", "busy"],
  ] as const)("without a microphone (%s) says why, and can go on by keys", async (name, problem) => {
    browser(() => Promise.reject(new DOMException("", name)));
    const call = scoped(() => useCall());
    const host = mounted(CallPanel, { call });
    button(host, texts.demo.call.dial).click();
    await settled();
    expect(host.querySelector("[role=alert]")?.textContent).toContain(texts.demo.call.problems[problem]);
    expect(host.querySelector("[role=alert]")?.textContent).toContain(texts.demo.call.keysOnly);
    button(host, texts.demo.call.keysOnlyDial).click();
    await settled();
    FakeSocket.last.tells({ state: "talking" });
    await settled();
    button(host, texts.demo.call.key("0")).click();
    expect(FakeSocket.last.sent).toEqual(['{"key":"0"}']);
  });

  test("says why it ended when the server closes the connection", async () => {
    browser(() => Promise.resolve(stream()));
    const call = scoped(() => useCall());
    await call.dial("", true);
    FakeSocket.last.onclose({ code: 4429 });
    expect([call.state.value, call.reason.value]).toEqual(["ended", "too_many"]);
    await call.dial("", true);
    FakeSocket.last.onclose({ code: 1006 });
    expect(call.reason.value).toBe("lost");
  });

  test("mutes the microphone itself", async () => {
    const microphone = stream();
    browser(() => Promise.resolve(microphone));
    const call = scoped(() => useCall());
    await call.dial("", true);
    call.toggleMute();
    expect(microphone.getTracks()[0]?.enabled).toBe(false);
    call.toggleMute();
    expect(microphone.getTracks()[0]?.enabled).toBe(true);
  });

  test("counts minutes and seconds", () => {
    expect([clock(0), clock(75), clock(3_600)]).toEqual(["00:00", "01:15", "60:00"]);
  });
});
