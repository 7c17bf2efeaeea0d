import { ref, watch } from "vue";

import { texts } from "./texts";

export type Alert = "alarm" | "waiting" | "message";

const MUTED = "guanjia.desk.muted";
const BLINK_MS = 1_000;
/** An alarm sounds again until somebody acknowledges it. */
const ALARM_REPEAT_MS = 6_000;
/** Frequencies in Hz, one after the other. */
const TUNES: Record<Alert, number[]> = { alarm: [880, 660, 880, 660], waiting: [660, 880], message: [740] };
const NOTE_SECONDS: Record<Alert, number> = { alarm: 0.22, waiting: 0.16, message: 0.1 };

/** Sound and title: what reaches an agent who looks elsewhere. */
export function createAlerts(remembered: Pick<Storage, "getItem" | "setItem"> | null) {
  const muted = ref(remembered?.getItem(MUTED) === "1");
  let audio: AudioContext | null = null;
  let blinking = 0;
  let repeating = 0;
  let headline = "";
  let alarms = 0;

  watch(muted, (on) => remembered?.setItem(MUTED, on ? "1" : "0"));

  /** Browsers allow sound only after the person has touched the page. */
  function unlock(): void {
    audio ??= new AudioContext();
    if (audio.state === "suspended") void audio.resume();
  }

  function play(alert: Alert): void {
    if (muted.value || audio?.state !== "running") return;
    const length = NOTE_SECONDS[alert];
    for (const [index, frequency] of TUNES[alert].entries()) {
      const start = audio.currentTime + index * length;
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0.0001, start);
      volume.gain.exponentialRampToValueAtTime(0.18, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + length);
      tone.connect(volume).connect(audio.destination);
      tone.start(start);
      tone.stop(start + length);
    }
  }

  function raise(alert: Alert, waiting: number): void {
    play(alert);
    if (alert === "alarm") headline = texts.alerts.titleAlarm;
    else if (!headline || document.hidden) {
      headline = alert === "waiting" ? texts.alerts.titleWaiting(waiting) : texts.alerts.titleMessage;
    }
    if (document.hidden || alarms > 0 || alert === "alarm") blink();
    else headline = "";
  }

  function blink(): void {
    if (blinking) return;
    let on = false;
    blinking = window.setInterval(() => {
      on = !on;
      document.title = on ? headline + texts.product : texts.product;
    }, BLINK_MS);
  }

  /** The agent looks at the page: only an alarm goes on. */
  function noticed(): void {
    if (alarms > 0) return;
    window.clearInterval(blinking);
    blinking = 0;
    headline = "";
    document.title = texts.product;
  }

  /** How many alarms nobody has acknowledged. */
  function setAlarms(count: number): void {
    alarms = count;
    if (count > 0 && !repeating) repeating = window.setInterval(() => play("alarm"), ALARM_REPEAT_MS);
    if (count === 0) {
      window.clearInterval(repeating);
      repeating = 0;
      if (!document.hidden) noticed();
    }
  }

  function visible(): void {
    if (!document.hidden) noticed();
  }

  function start(): void {
    document.addEventListener("pointerdown", unlock);
    document.addEventListener("keydown", unlock);
    document.addEventListener("visibilitychange", visible);
    document.title = texts.product;
  }

  function stop(): void {
    setAlarms(0);
    noticed();
    document.removeEventListener("pointerdown", unlock);
    document.removeEventListener("keydown", unlock);
    document.removeEventListener("visibilitychange", visible);
  }

  return { muted, raise, setAlarms, start, stop };
}

export type Alerts = ReturnType<typeof createAlerts>;
