/**
 * Runs `work` so that it never overlaps itself: calls during a run lead to exactly one more run after it.
 * A burst of "something changed" costs two requests, and the last one started after the last change.
 */
export function coalesce(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let again: Promise<void> | null = null;

  function start(): Promise<void> {
    running = work().finally(() => {
      running = null;
    });
    return running;
  }

  return () => {
    if (!running) return start();
    again ??= running
      .catch(() => undefined)
      .then(() => {
        again = null;
        return start();
      });
    return again;
  };
}
