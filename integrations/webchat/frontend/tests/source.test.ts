import { describe, expect, test } from "vitest";

const sources = import.meta.glob<string>(["../src/**/*.{ts,vue,css}", "../*.html", "../webchat/*.html"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const withoutComments = (source: string): string =>
  source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/<!--[\s\S]*?-->/g, "").replace(/(^|\s)\/\/.*$/gm, "");

describe("the source", () => {
  test("keeps every Chinese sentence in texts.ts", () => {
    const chinese = Object.entries(sources).filter(
      ([path, source]) => !path.endsWith("texts.ts") && !path.endsWith(".html") && /\p{Script=Han}/u.test(withoutComments(source)),
    );
    expect(chinese.map(([path]) => path)).toEqual([]);
  });

  test("has no inline script, style attribute or raw HTML, which the CSP forbids", () => {
    const pattern = /\sstyle="|\son\w+="|v-html|<script(?![^>]*(?:src=|setup))|https?:\/\/(?!www\.w3\.org|chat\.example)[a-z]/;
    const found = Object.entries(sources).filter(([, source]) => pattern.test(withoutComments(source)));
    expect(found.map(([path]) => path)).toEqual([]);
  });

  test("consists of small files", () => {
    const long = Object.entries(sources).filter(([, source]) => source.split("\n").length > 400);
    expect(long.map(([path]) => path)).toEqual([]);
  });
});
