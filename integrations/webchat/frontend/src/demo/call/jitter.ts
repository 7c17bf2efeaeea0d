/** Sound begins once so much of it is there, … */
const ENOUGH_SECONDS = 0.06;
/** … or after so long, where no more comes. */
const PATIENCE_SECONDS = 0.12;
/** More than this waits only where the page was asleep: the oldest is dropped. */
const MOST_SECONDS = 2;

/** Evens out how sound arrives: it is played without gaps once a little of it is there. */
export class JitterBuffer {
  private readonly pieces: Float32Array[] = [];
  private offset = 0;
  private held = 0;
  private waited = 0;
  private playing = false;

  constructor(private readonly rate: number) {}

  push(samples: Float32Array): void {
    if (samples.length === 0) return;
    this.pieces.push(samples);
    this.held += samples.length;
    while (this.held > MOST_SECONDS * this.rate && this.pieces.length > 1) this.shift();
  }

  flush(): void {
    this.pieces.length = 0;
    this.offset = 0;
    this.held = 0;
    this.stop();
  }

  /** Fills `out` with what is due: sound, or silence while there is none. */
  read(out: Float32Array): void {
    out.fill(0);
    if (!this.playing && !this.begins(out.length)) return;
    let filled = 0;
    for (let piece = this.pieces[0]; piece !== undefined && filled < out.length; piece = this.pieces[0]) {
      const part = piece.subarray(this.offset, this.offset + out.length - filled);
      out.set(part, filled);
      filled += part.length;
      this.offset += part.length;
      this.held -= part.length;
      if (this.offset >= piece.length) {
        this.pieces.shift();
        this.offset = 0;
      }
    }
    if (this.held === 0) this.stop();
  }

  private begins(length: number): boolean {
    if (this.held === 0) return false;
    this.waited += length;
    this.playing = this.held >= ENOUGH_SECONDS * this.rate || this.waited >= PATIENCE_SECONDS * this.rate;
    return this.playing;
  }

  private stop(): void {
    this.playing = false;
    this.waited = 0;
  }

  private shift(): void {
    const dropped = this.pieces.shift();
    this.held -= (dropped?.length ?? 0) - this.offset;
    this.offset = 0;
  }
}
