import { describe, expect, test } from "vitest";

import { calendarDay, clockTime, dayAndTime, length, money, period } from "../src/lib/format";

const NOW = new Date("2026-11-21T02:00:00Z"); // 10:00 in Shanghai

describe("money", () => {
  test.each([
    [25060, "¥250.60"],
    [0, "¥0.00"],
    [5, "¥0.05"],
    [100, "¥1.00"],
    [123456789, "¥1,234,567.89"],
    [-1999, "-¥19.99"],
  ])("%i fen is %s", (fen, text) => {
    expect(money(fen)).toBe(text);
  });
});

describe("times are those of Shanghai", () => {
  test("a time of day", () => {
    expect(clockTime("2026-11-21T06:05:00Z")).toBe("14:05");
    expect(clockTime("2026-11-21T14:05:00+08:00")).toBe("14:05");
    expect(clockTime("2026-11-20T16:00:00Z")).toBe("00:00");
  });

  test.each([
    ["2026-11-20T16:30:00Z", "今天 00:30"],
    ["2026-11-20T15:59:00Z", "昨天 23:59"],
    ["2026-11-22T01:00:00Z", "明天 09:00"],
    ["2026-11-03T01:00:00Z", "11月3日 09:00"],
    ["2025-12-31T15:59:00Z", "2025年12月31日 23:59"],
  ])("%s is %s", (iso, text) => {
    expect(dayAndTime(iso, NOW)).toBe(text);
  });

  test("a period on one day says the day once", () => {
    expect(period("2026-11-22T09:00:00+08:00", "2026-11-22T17:00:00+08:00", NOW)).toEqual([
      "11月22日（周日）",
      "09:00–17:00",
    ]);
  });

  test("a period over midnight says both days", () => {
    expect(period("2026-11-22T22:00:00+08:00", "2026-11-23T06:00:00+08:00", NOW).join("")).toBe(
      "11月22日（周日）22:00–11月23日（周一）06:00",
    );
  });

  test("an open period says from when or until when", () => {
    expect(period("2026-11-22T09:00:00+08:00", null, NOW).join("")).toBe("11月22日（周日）09:00 起");
    expect(period(null, "2027-01-02T09:00:00+08:00", NOW).join("")).toBe("至 2027年1月2日（周六）09:00");
    expect(period(null, null, NOW)).toEqual([]);
  });

  test("a calendar day has no zone", () => {
    expect(calendarDay("2026-10-31", NOW)).toBe("10月31日");
    expect(calendarDay("2025-10-31", NOW)).toBe("2025年10月31日");
    expect(calendarDay("下月底", NOW)).toBe("下月底");
  });

  test("a broken time shows nothing rather than nonsense", () => {
    expect(clockTime("?")).toBe("");
    expect(dayAndTime("?", NOW)).toBe("");
  });
});

test("an emoji counts as one character", () => {
  expect(length("好👍")).toBe(2);
});
