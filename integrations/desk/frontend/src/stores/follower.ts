const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

/**
 * Looks again, at growing distances, while something on the screen may still change without anybody saying so: whether
 * a message has arrived is written after the message was pushed.
 */
export function createFollower(look: () => Promise<unknown>) {
  let followed = "";
  /** Counts what was followed: a look that took long must not go on with what is followed no longer. */
  let round = 0;
  let looks = 0;
  let timer = 0;

  function soon(): void {
    timer = window.setTimeout(() => void again(), PAUSES_MS[Math.min(looks, PAUSES_MS.length - 1)]);
  }

  async function again(): Promise<void> {
    const mine = round;
    looks += 1;
    if (!document.hidden) await look().catch(() => undefined);
    if (round === mine) soon();
  }

  /** `what` names what may change; the same name goes on, another starts anew, an empty one ends it. */
  function follow(what: string): void {
    if (what === followed) return;
    followed = what;
    round += 1;
    looks = 0;
    window.clearTimeout(timer);
    if (what !== "") soon();
  }

  return { follow };
}
