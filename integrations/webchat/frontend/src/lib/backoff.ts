const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * Waiting time before attempt number `attempts + 1`: doubles from 1 s to 30 s, with up to 20 % chance so that all
 * phones of an estate do not come back in the same second after an outage.
 */
export function backoff(attempts: number, random: () => number = Math.random): number {
  const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 10));
  return Math.round(wait * (1 - 0.2 * random()));
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
