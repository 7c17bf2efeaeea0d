import { texts } from "../texts";

/** ¥250.60 from 25060 分. Integers only: no floating-point cents. */
export function money(fen: number): string {
  const sign = fen < 0 ? "-" : "";
  const whole = Math.abs(Math.trunc(fen));
  const yuan = String(Math.floor(whole / 100)).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${sign}¥${yuan}.${String(whole % 100).padStart(2, "0")}`;
}

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: string;
  minute: string;
  weekday: number;
}

const clockParts = new Intl.DateTimeFormat("en-CA", {
  timeZone: "Asia/Shanghai",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** The wall clock of the estate, wherever the phone is. */
function shanghai(date: Date): Parts {
  const part = Object.fromEntries(clockParts.formatToParts(date).map(({ type, value }) => [type, value]));
  const [year, month, day] = [Number(part["year"]), Number(part["month"]), Number(part["day"])];
  return {
    year,
    month,
    day,
    hour: part["hour"] ?? "00",
    minute: part["minute"] ?? "00",
    weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay(),
  };
}

const dayNumber = ({ year, month, day }: Parts): number => Date.UTC(year, month - 1, day) / 86_400_000;

function dayName(at: Parts, now: Parts): string {
  const days = dayNumber(at) - dayNumber(now);
  if (days === 0) return texts.time.today;
  if (days === -1) return texts.time.yesterday;
  if (days === 1) return texts.time.tomorrow;
  return at.year === now.year ? texts.time.monthDay(at.month, at.day) : texts.time.date(at.year, at.month, at.day);
}

/** `14:05` */
export function clockTime(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const { hour, minute } = shanghai(at);
  return `${hour}:${minute}`;
}

/** `今天 14:05`, `昨天 14:05`, `11月3日 14:05`, `2025年11月3日 14:05` */
export function dayAndTime(iso: string, now: Date = new Date()): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const parts = shanghai(at);
  return `${dayName(parts, shanghai(now))} ${parts.hour}:${parts.minute}`;
}

/**
 * `11月22日（周日）` `09:00–17:00`: pieces between which a line may break. An end on another day carries its date; an
 * open side is said in words.
 */
export function period(startIso: string | null, endIso: string | null, now: Date = new Date()): string[] {
  const start = startIso === null ? null : shanghai(new Date(startIso));
  const end = endIso === null ? null : shanghai(new Date(endIso));
  const today = shanghai(now);
  const day = ({ year, month, day: date, weekday }: Parts): string =>
    (year === today.year ? texts.time.monthDay(month, date) : texts.time.date(year, month, date)) +
    texts.time.weekday(weekday);
  const time = ({ hour, minute }: Parts): string => `${hour}:${minute}`;
  if (start === null) return end === null ? [] : [texts.time.until(day(end)), time(end)];
  if (end === null) return [day(start), texts.time.from(time(start))];
  if (dayNumber(start) === dayNumber(end)) return [day(start), `${time(start)}–${time(end)}`];
  return [day(start), `${time(start)}–`, day(end), time(end)];
}

/** `10月31日` from `2026-10-31`, a calendar day without a zone. */
export function calendarDay(day: string, now: Date = new Date()): string {
  const [year, month, date] = day.split("-").map(Number);
  if (!year || !month || !date) return day;
  return year === shanghai(now).year ? texts.time.monthDay(month, date) : texts.time.date(year, month, date);
}

/** Characters as people count them: an emoji is one, as on the server. */
export const length = (text: string): number => Array.from(text).length;
