/** Where a ticket's state stands among the four steps shown (已受理, 已派单, 处理中, 已完成). */
const STEPS: Record<string, number> = {
  new: 0,
  reopened: 0,
  assigned: 1,
  accepted: 1,
  on_the_way: 2,
  in_progress: 2,
  paused: 2,
  done: 3,
  confirmed: 3,
  closed: 3,
};

const COLOURS: Record<string, string> = { 0: "amber", 1: "blue", 2: "blue", 3: "green" };

/** Null for states outside the usual way (cancelled, rejected, one this page does not know). */
export const stepOfState = (state: string): number | null => STEPS[state] ?? null;

export const colourOfState = (state: string): string => COLOURS[stepOfState(state) ?? -1] ?? "";
