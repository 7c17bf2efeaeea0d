// Real files of our own, as the page's policy wants them.
import captureModule from "./capture.worklet.ts?worker&url";
import playbackModule from "./playback.worklet.ts?worker&url";

export type MicrophoneProblem = "refused" | "missing" | "busy" | "insecure";

/** The microphone cannot be used; `problem` says why. */
export class NoMicrophone extends Error {
  constructor(readonly problem: MicrophoneProblem) {
    super(problem);
  }
}

const PROBLEMS: Record<string, MicrophoneProblem> = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
};

/** Asks for the microphone, without the caller's own loudspeaker in it. */
export async function openMicrophone(): Promise<MediaStream> {
  // Browsers hide it from pages that came over plain HTTP (other than from this machine).
  if (!("mediaDevices" in navigator)) throw new NoMicrophone("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    });
  } catch (error) {
    throw new NoMicrophone((error instanceof Error ? PROBLEMS[error.name] : undefined) ?? "busy");
  }
}

/** A telephone's microphone and loudspeaker: 8 kHz outside, whatever the device has inside. */
export class CallAudio {
  private playback: AudioWorkletNode | null = null;
  private stream: MediaStream | null = null;
  private readonly context = new AudioContext({ latencyHint: "interactive" });

  /** To be made while a press of a button is handled: browsers let a page sound only then. */
  constructor() {
    void this.context.resume();
  }

  /** Begin; `heard` gets the microphone's frames. Without a stream there is only the loudspeaker. */
  async open(stream: MediaStream | null, heard: (frame: ArrayBuffer) => void): Promise<void> {
    this.stream = stream;
    await Promise.all([this.context.audioWorklet.addModule(playbackModule), this.context.audioWorklet.addModule(captureModule)]);
    this.playback = new AudioWorkletNode(this.context, "guanjia-playback", { numberOfInputs: 0, outputChannelCount: [1] });
    this.playback.connect(this.context.destination);
    if (stream === null) return;
    const capture = new AudioWorkletNode(this.context, "guanjia-capture");
    capture.port.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => heard(data);
    // It gives no sound itself; connected, every browser keeps it running.
    this.context.createMediaStreamSource(stream).connect(capture).connect(this.context.destination);
  }

  play(frame: ArrayBuffer): void {
    this.playback?.port.postMessage(frame, [frame]);
  }

  flush(): void {
    this.playback?.port.postMessage(null);
  }

  mute(on: boolean): void {
    for (const track of this.stream?.getTracks() ?? []) track.enabled = !on;
  }

  close(): void {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    if (this.context.state !== "closed") void this.context.close();
  }
}
