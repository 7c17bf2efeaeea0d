import { texts } from "./texts";

const ZONE = "Asia/Shanghai";
const clockTime = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const monthDay = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, month: "long", day: "numeric" });
const fullDate = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, year: "numeric", month: "long", day: "numeric" });
const plainDay = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE });
const DAY_MS = 86_400_000;

/** 25060 分 → `¥250.60`, with thousands grouped. */
export function money(fen: number): string {
  const sign = fen < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(fen) / 100);
  const rest = String(Math.abs(fen) % 100).padStart(2, "0");
  return `${sign}¥${String(whole).replace(/\B(?=(\d{3})+$)/g, ",")}.${rest}`;
}

/** The day of a moment in Shanghai as `2026-11-21`; two moments of one day compare equal. */
export function dayOf(at: string | number): string {
  return plainDay.format(new Date(at));
}

/** `09:05`. */
export function timeOf(at: string): string {
  return clockTime.format(new Date(at));
}

/** `今天`, `昨天`, `11月3日` or, in another year, `2025年11月3日`. */
export function dayName(at: string, now: number): string {
  const day = dayOf(at);
  if (day === dayOf(now)) return texts.time.today;
  if (day === dayOf(now - DAY_MS)) return texts.time.yesterday;
  return (day.slice(0, 4) === dayOf(now).slice(0, 4) ? monthDay : fullDate).format(new Date(at));
}

/** `09:05` today, otherwise with the day before it. */
export function moment(at: string, now: number): string {
  const name = dayName(at, now);
  return name === texts.time.today ? timeOf(at) : `${name} ${timeOf(at)}`;
}

/** How long ago, for a counter that ticks: `7秒`, `12分40秒`, `3小时5分`, `2天`. */
export function waited(since: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  if (seconds < 3600) return texts.time.minutes(Math.floor(seconds / 60), seconds % 60);
  if (seconds < 86_400) return texts.time.hours(Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60));
  return texts.time.days(Math.floor(seconds / 86_400));
}

/** How long until a moment: `24小时15分`, below an hour `12分40秒`. */
export function remaining(until: number, now: number): string {
  const seconds = Math.max(0, Math.floor((until - now) / 1000));
  if (seconds < 3600) return texts.time.minutes(Math.floor(seconds / 60), seconds % 60);
  return texts.time.hours(Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60));
}
