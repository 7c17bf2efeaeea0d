import { type Ref, computed, onScopeDispose, ref } from "vue";

import { CallAudio, type MicrophoneProblem, NoMicrophone, openMicrophone } from "./audio";

export type CallState = "idle" | "asking" | "calling" | "talking" | "ended";
export type EndReason = "caller" | "us" | "busy" | "unavailable" | "too_many" | "lost" | "transferred" | "error";
export interface CallLine {
  who: "caller" | "hotline";
  text: string;
  /** The caller has not finished the sentence. */
  partial: boolean;
}

interface FromServer {
  state?: "talking" | "ended";
  reason?: string;
  flush?: boolean;
  show?: "heard" | "partial" | "said";
  text?: string;
}

const MOST_LINES = 60;
/** What a slow network may hold back; sound that is older is of no use. */
const MOST_BUFFERED_BYTES = 32_000;
const TOO_MANY = 4429;
const REASONS = new Set<string>(["us", "busy", "unavailable", "transferred", "error"]);
export const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;

export interface Call {
  state: Ref<CallState>;
  reason: Ref<EndReason>;
  problem: Ref<MicrophoneProblem | null>;
  seconds: Ref<number>;
  muted: Ref<boolean>;
  keysOnly: Ref<boolean>;
  pressed: Ref<string>;
  lines: Ref<CallLine[]>;
  busy: Ref<boolean>;
  dial: (from: string, withMicrophone: boolean) => Promise<void>;
  press: (key: string) => void;
  toggleMute: () => void;
  hangUp: () => void;
}

/** A call to the hotline, made by the page: one at a time. */
export function useCall(): Call {
  const state = ref<CallState>("idle");
  const reason = ref<EndReason>("caller");
  const problem = ref<MicrophoneProblem | null>(null);
  const seconds = ref(0);
  const muted = ref(false);
  const keysOnly = ref(false);
  const pressed = ref("");
  const lines = ref<CallLine[]>([]);
  const busy = computed(() => state.value === "asking" || state.value === "calling" || state.value === "talking");
  let audio: CallAudio | null = null;
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setInterval> | undefined;

  async function dial(from: string, withMicrophone: boolean): Promise<void> {
    if (busy.value) return;
    [seconds.value, muted.value, pressed.value, lines.value, problem.value] = [0, false, "", [], null];
    keysOnly.value = !withMicrophone;
    state.value = "asking";
    const own = (audio = new CallAudio());
    try {
      const stream = withMicrophone ? await openMicrophone() : null;
      await own.open(stream, send);
    } catch (error) {
      own.close();
      if (audio !== own) return;
      problem.value = error instanceof NoMicrophone ? error.problem : "busy";
      state.value = "idle";
      return;
    }
    if (audio !== own) own.close();
    else connect(from);
  }

  function connect(from: string): void {
    state.value = "calling";
    const address = new URL("/api/voice/call", window.location.origin.replace(/^http/, "ws"));
    if (from !== "") address.searchParams.set("from", from);
    const own = (socket = new WebSocket(address));
    own.binaryType = "arraybuffer";
    own.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (typeof data !== "string") audio?.play(data);
      else told(JSON.parse(data) as FromServer);
    };
    own.onclose = ({ code }) => {
      if (socket === own) end(code === TOO_MANY ? "too_many" : "lost");
    };
  }

  function told(message: FromServer): void {
    if (message.state === "talking") {
      state.value = "talking";
      const begin = Date.now();
      timer = setInterval(() => (seconds.value = Math.floor((Date.now() - begin) / 1_000)), 250);
    }
    if (message.state === "ended") end(REASONS.has(message.reason ?? "") ? (message.reason as EndReason) : "lost");
    if (message.flush === true) audio?.flush();
    if (message.show !== undefined) show(message.show, message.text ?? "");
  }

  function show(kind: NonNullable<FromServer["show"]>, text: string): void {
    // What was heard so far gives way to more of it, and to the whole sentence.
    const kept = lines.value.filter((line) => !line.partial || kind === "said");
    if (text !== "") kept.push({ who: kind === "said" ? "hotline" : "caller", text, partial: kind === "partial" });
    lines.value = kept.slice(-MOST_LINES);
  }

  function send(frame: ArrayBuffer): void {
    if (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_BUFFERED_BYTES) socket.send(frame);
  }

  function press(key: string): void {
    if (state.value !== "talking" || socket?.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({ key }));
    pressed.value = (pressed.value + key).slice(-18);
  }

  function toggleMute(): void {
    muted.value = !muted.value;
    audio?.mute(muted.value);
  }

  function hangUp(): void {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ hang_up: true }));
    end("caller");
  }

  function end(why: EndReason): void {
    const before = state.value;
    clearInterval(timer);
    const [own, sound] = [socket, audio];
    [socket, audio] = [null, null];
    own?.close();
    sound?.close();
    if (before === "asking") state.value = "idle";
    else if (busy.value) [state.value, reason.value] = ["ended", why];
  }

  onScopeDispose(hangUp);
  return { state, reason, problem, seconds, muted, keysOnly, pressed, lines, busy, dial, press, toggleMute, hangUp };
}
