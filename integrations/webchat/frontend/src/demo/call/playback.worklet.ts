import { JitterBuffer } from "./jitter";
import { LINE_RATE, Resampler, toFloat } from "./resample";

/** Plays posted sound (16 bits, 8 kHz) at the page's own rate; `null` drops what is not played yet. */
class Playback extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(LINE_RATE, sampleRate);
  private readonly buffer = new JitterBuffer(sampleRate);

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ArrayBuffer | null>) => {
      if (data === null) this.buffer.flush();
      else this.buffer.push(this.resampler.push(toFloat(new Int16Array(data))));
    };
  }

  override process(_: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [first, ...others] = outputs[0] ?? [];
    if (first === undefined) return true;
    this.buffer.read(first);
    for (const other of others) other.set(first);
    return true;
  }
}

registerProcessor("guanjia-playback", Playback);
