import { reactive } from "vue";

/** The part of an audio element this module uses; a test passes its own. */
export interface Sound {
  play(): Promise<void>;
  pause(): void;
  onended: unknown;
  onerror: unknown;
}

/** Plays one recording at a time: the next one stops the one before. */
export function createPlayer(open: (url: string) => Sound = (url) => new Audio(url)) {
  const state = reactive<{ url: string | null; failed: string | null }>({ url: null, failed: null });
  let sound: Sound | null = null;

  function stop(): void {
    if (sound) {
      sound.onended = null;
      sound.onerror = null;
      sound.pause();
    }
    sound = null;
    state.url = null;
  }

  function fail(url: string): void {
    stop();
    state.failed = url;
  }

  function play(url: string): void {
    stop();
    state.failed = null;
    state.url = url;
    const mine = open(url);
    sound = mine;
    mine.onended = () => stop();
    mine.onerror = () => fail(url);
    mine.play().catch(() => {
      // Interrupted by the next recording is no failure.
      if (sound === mine) fail(url);
    });
  }

  function toggle(url: string): void {
    if (state.url === url) stop();
    else play(url);
  }

  return { state, play, stop, toggle };
}

export type Player = ReturnType<typeof createPlayer>;
