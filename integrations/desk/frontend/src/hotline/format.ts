import { texts } from "../texts";

/** 83.4 seconds → `1分23秒`. */
export function lasting(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 3600) return texts.time.minutes(Math.floor(whole / 60), whole % 60);
  return texts.time.hours(Math.floor(whole / 3600), Math.floor((whole % 3600) / 60));
}

/** Between two moments of the server. */
export function between(from: string, to: string): string {
  return lasting((Date.parse(to) - Date.parse(from)) / 1000);
}

/** 0.874 → `87%`. */
export function share(of: number | null): string {
  return of === null ? texts.hotline.figures.none : `${percent(of)}%`;
}

export function percent(of: number): number {
  return Math.round(of * 100);
}

const HOLE = /\{([^{}]*)\}/g;

/** A prompt as it is read here: `{company}` → `{物业名称}`. */
export function promptShown(text: string): string {
  const { values } = texts.hotline.prompts;
  return text.replace(HOLE, (hole, name: string) => (name in values ? `{${values[name] ?? name}}` : hole));
}

/** The same back again, as the server keeps it. */
export function promptKept(text: string): string {
  const names = Object.fromEntries(Object.entries(texts.hotline.prompts.values).map(([name, shown]) => [shown, name]));
  return text.replace(HOLE, (hole, shown: string) => (shown in names ? `{${names[shown] ?? shown}}` : hole));
}

const NUMBER = /^\+?\d{2,20}$/;

/** What somebody typed as a telephone number, without blanks and hyphens; null where it is none. */
export function telephone(typed: string): string | null {
  const number = typed.replace(/[\s-]/g, "");
  return NUMBER.test(number) ? number : null;
}
