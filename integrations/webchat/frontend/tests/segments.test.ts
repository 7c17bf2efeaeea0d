import { describe, expect, test } from "vitest";

import { safeAddress, segments, telephone } from "../src/lib/segments";

const links = (text: string): [string, string][] =>
  segments(text).flatMap(({ text: shown, href }) => (href === null ? [] : [[shown, href] as [string, string]]));

describe("links in texts", () => {
  test("telephone numbers can be called", () => {
    expect(links("请拨打 0571-88001234 或 13800138000，也可打 400-820-8820")).toEqual([
      ["0571-88001234", "tel:057188001234"],
      ["13800138000", "tel:13800138000"],
      ["400-820-8820", "tel:4008208820"],
    ]);
    expect(links("燃气 0571-96177，物业 0571-8800-1800")).toEqual([
      ["0571-96177", "tel:057196177"],
      ["0571-8800-1800", "tel:057188001800"],
    ]);
  });

  test.each(["工单号 WX261121-0042", "联系电话 138****8000", "编号13800138000123", "共 12813800138000.5 元", "普通的一句话"])(
    "%s holds no telephone number",
    (text) => {
      expect(links(text)).toEqual([]);
    },
  );

  test("a web address ends before Chinese punctuation", () => {
    expect(links("见 https://example.com/a?b=1。谢谢")).toEqual([["https://example.com/a?b=1", "https://example.com/a?b=1"]]);
  });

  test("the pieces together are the text", () => {
    const text = "电话0571-88001234，网址https://example.com 完";
    expect(segments(text).map((piece) => piece.text).join("")).toBe(text);
    expect(segments("")).toEqual([{ text: "", href: null }]);
  });
});

test("only addresses that cannot run a script are opened", () => {
  expect(safeAddress("javascript:alert(1)")).toBeNull();
  expect(safeAddress("data:text/html,x")).toBeNull();
  expect(safeAddress("//evil.example/x")).toBeNull();
  expect(safeAddress("/docs/fees")).toBe("/docs/fees");
  expect(safeAddress("https://example.com")).toBe("https://example.com");
});

test("a telephone address holds digits only", () => {
  expect(telephone("0571 - 8800 1234")).toBe("tel:057188001234");
});
