import { reactive } from "vue";

import { listenUrl } from "./api";

/** 8 kHz, 16-bit little-endian, mono, as the server sends it. */
const RATE = 8_000;
/** So much is kept in hand against a jumping network, and no more than the other lies behind the call. */
const AHEAD_SECONDS = 0.15;
const LATEST_SECONDS = 1;
/** Codes of the server's own for a connection it closes. */
const CALL_OVER = 1000;

export interface SocketLike {
  binaryType: string;
  onmessage: ((event: MessageEvent<ArrayBuffer>) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  close(): void;
}

/** s16le samples as numbers from -1 to 1. */
export function samplesOf(pcm: ArrayBuffer): Float32Array<ArrayBuffer> {
  const view = new DataView(pcm);
  const samples = new Float32Array(Math.floor(pcm.byteLength / 2));
  for (let at = 0; at < samples.length; at += 1) samples[at] = view.getInt16(at * 2, true) / 32_768;
  return samples;
}

/** When the next piece starts: behind the last one, a little ahead of now, and never far behind the call. */
export function startOf(next: number, now: number): number | null {
  if (next <= now) return now + AHEAD_SECONDS;
  return next - now > LATEST_SECONDS ? null : next;
}

/** Listening in on one call at a time. */
export function createListening(
  open: (url: string) => SocketLike = (url) => new WebSocket(url),
  contextOf: () => AudioContext = () => new AudioContext(),
) {
  const state = reactive<{ id: string | null; phase: "idle" | "connecting" | "listening" | "ended" | "failed" }>({ id: null, phase: "idle" });
  let socket: SocketLike | null = null;
  let context: AudioContext | null = null;
  let next = 0;

  function release(): void {
    if (socket) {
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
    socket = null;
    void context?.close();
    context = null;
  }

  function stop(): void {
    release();
    state.id = null;
    state.phase = "idle";
  }

  function play(pcm: ArrayBuffer): void {
    if (!context || pcm.byteLength < 2) return;
    const at = startOf(next, context.currentTime);
    // Too far behind what is said now: this piece is left out.
    if (at === null) return;
    const samples = samplesOf(pcm);
    const buffer = context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.start(at);
    next = at + buffer.duration;
  }

  function listen(id: string): void {
    release();
    state.id = id;
    state.phase = "connecting";
    next = 0;
    // Made in the click that asked for it: a browser lets no page sound by itself.
    context = contextOf();
    socket = open(listenUrl(id));
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      state.phase = "listening";
      play(data);
    };
    socket.onclose = ({ code }) => {
      release();
      state.phase = code === CALL_OVER ? "ended" : "failed";
    };
  }

  return { state, listen, stop };
}

export type Listening = ReturnType<typeof createListening>;
