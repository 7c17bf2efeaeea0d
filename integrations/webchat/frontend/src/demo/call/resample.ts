/** Samples a second on a telephone line. */
export const LINE_RATE = 8_000;

/** Lobes of the low-pass on either side: enough to keep what is above the new band 50 dB down. */
const LOBES = 16;
/** Where the band ends, as a share of the lower rate's half; the rest is the filter's slope. */
const BAND = 0.92;
const STEPS = 256;

/** The low-pass, from its middle to its end, in steps of a lobe's 256th: a sinc under a Blackman window. */
const kernel = Float32Array.from({ length: LOBES * STEPS + 2 }, (_, index) => {
  const x = index / STEPS;
  if (x >= LOBES) return 0;
  const window = 0.42 + 0.5 * Math.cos((Math.PI * x) / LOBES) + 0.08 * Math.cos((2 * Math.PI * x) / LOBES);
  return x === 0 ? 1 : (window * Math.sin(Math.PI * x)) / (Math.PI * x);
});

/** Changes the rate of a stream of samples, piece by piece, through a low-pass at the lower of the two bands. */
export class Resampler {
  private readonly step: number;
  private readonly scale: number;
  private readonly reach: number;
  private rest: Float32Array;
  private position: number;

  constructor(from: number, to: number) {
    this.step = from / to;
    this.scale = Math.min(1, to / from) * BAND;
    this.reach = Math.ceil(LOBES / this.scale);
    // The stream begins in silence, so that the first sample has something before it.
    this.rest = new Float32Array(this.reach);
    this.position = this.reach;
  }

  push(samples: Float32Array): Float32Array {
    const all = new Float32Array(this.rest.length + samples.length);
    all.set(this.rest);
    all.set(samples, this.rest.length);
    const count = Math.max(0, Math.ceil((all.length - this.reach - this.position) / this.step));
    const made = new Float32Array(count);
    for (let index = 0; index < count; index += 1) {
      made[index] = this.at(all, this.position);
      this.position += this.step;
    }
    const used = Math.min(all.length, Math.max(0, Math.floor(this.position) - this.reach));
    this.rest = all.slice(used);
    this.position -= used;
    return made;
  }

  private at(samples: Float32Array, position: number): number {
    let sum = 0;
    const last = Math.min(samples.length - 1, Math.floor(position + this.reach));
    for (let index = Math.max(0, Math.ceil(position - this.reach)); index <= last; index += 1) {
      const offset = Math.abs(index - position) * this.scale * STEPS;
      sum += (samples[index] ?? 0) * (kernel[Math.round(offset)] ?? 0);
    }
    return sum * this.scale;
  }
}

export function toInt16(sample: number): number {
  return Math.round(Math.max(-1, Math.min(1, sample)) * 32_767);
}

export function toFloat(samples: Int16Array): Float32Array {
  return Float32Array.from(samples, (sample) => sample / 32_768);
}
