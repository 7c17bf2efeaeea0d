import { LINE_RATE, Resampler, toInt16 } from "./resample";

/** 20 ms, as a telephone sends them. */
const FRAME = LINE_RATE / 50;

/** The microphone's sound in frames of 160 samples of 16 bits, 8 kHz, posted as they become full. */
class Capture extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(sampleRate, LINE_RATE);
  private frame = new Int16Array(FRAME);
  private filled = 0;

  override process(inputs: Float32Array[][]): boolean {
    const heard = inputs[0]?.[0];
    if (heard === undefined) return true;
    for (const sample of this.resampler.push(heard)) {
      this.frame[this.filled] = toInt16(sample);
      this.filled += 1;
      if (this.filled === FRAME) {
        this.port.postMessage(this.frame.buffer, [this.frame.buffer]);
        this.frame = new Int16Array(FRAME);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("guanjia-capture", Capture);
