import { describe, expect, it } from "vitest";

import { dayName, moment, money, remaining, waited } from "../src/format";

const now = Date.parse("2026-11-21T02:00:00Z"); // 10:00 in Shanghai

describe("what agents read", () => {
  it.each([
    [0, "¥0.00"],
    [5, "¥0.05"],
    [25060, "¥250.60"],
    [123456789, "¥1,234,567.89"],
    [-100, "-¥1.00"],
  ])("%i 分 is %s", (fen, text) => expect(money(fen)).toBe(text));

  it.each([
    ["2026-11-21T02:00:10Z", "0秒"],
    ["2026-11-21T01:59:53Z", "7秒"],
    ["2026-11-21T01:47:20Z", "12分40秒"],
    ["2026-11-20T22:55:00Z", "3小时5分"],
    ["2026-11-18T00:00:00Z", "3天"],
  ])("since %s is %s", (since, text) => expect(waited(since, now)).toBe(text));

  it.each([
    ["2026-11-24T02:00:00Z", "72小时0分"],
    ["2026-11-22T02:15:59Z", "24小时15分"],
    ["2026-11-21T03:00:00Z", "1小时0分"],
    ["2026-11-21T02:59:59Z", "59分59秒"],
    ["2026-11-21T02:00:09Z", "9秒"],
    ["2026-11-21T01:00:00Z", "0秒"],
  ])("until %s are %s", (until, text) => expect(remaining(Date.parse(until), now)).toBe(text));

  it("days turn at midnight in Shanghai, wherever the computer stands", () => {
    expect(dayName("2026-11-20T16:00:00Z", now)).toBe("今天");
    expect(dayName("2026-11-20T15:59:59Z", now)).toBe("昨天");
    expect(dayName("2026-11-03T02:00:00Z", now)).toBe("11月3日");
    expect(dayName("2025-11-03T02:00:00Z", now)).toBe("2025年11月3日");
  });

  it("a moment of another day says which", () => {
    expect(moment("2026-11-21T01:05:00Z", now)).toBe("09:05");
    expect(moment("2026-11-20T01:05:00Z", now)).toBe("昨天 09:05");
  });
});
