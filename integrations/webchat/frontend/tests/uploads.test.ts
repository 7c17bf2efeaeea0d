import { beforeEach, describe, expect, test, vi } from "vitest";

import { NetworkError } from "../src/api/errors";
import type { Http } from "../src/api/http";
import { createLimits } from "../src/chat/composables/limits";
import { createPictureCache, createUploads } from "../src/chat/composables/uploads";
import { MOST_PICTURES, pictureProblem } from "../src/lib/image";
import { texts } from "../src/texts";
import { settled } from "./helpers";

const MB = 1024 * 1024;
const picture = (name: string, size = 100, type = "image/jpeg"): File => new File([new Uint8Array(size)], name, { type });

let results: (() => Promise<unknown>)[];
let blobs: string[];

function uploads(): ReturnType<typeof createUploads> {
  let count = 0;
  const http = {
    upload: (_path: string, _file: Blob, _name: string, progress: (share: number) => void) => {
      progress(0.5);
      const result = results.shift();
      count += 1;
      return result === undefined ? Promise.resolve({ id: `id${count}`, media_type: "image/jpeg", width: 1, height: 1 }) : result();
    },
    blob: (path: string) => {
      blobs.push(path);
      return Promise.resolve(new Blob());
    },
  } as unknown as Http;
  return createUploads(http, createPictureCache(http), createLimits());
}

beforeEach(() => {
  results = [];
  blobs = [];
  vi.stubGlobal("createImageBitmap", undefined);
});

describe("pictures", () => {
  test.each([
    ["image/jpeg", 1, null],
    ["image/png", 8 * MB, null],
    ["image/webp", 8 * MB + 1, "size"],
    ["image/heic", 1, "type"],
    ["application/pdf", 1, "type"],
    ["", 1, "type"],
    ["image/jpeg", 0, "empty"],
  ])("%s of %i bytes: %s", (type, size, problem) => {
    expect(pictureProblem({ type, size }, 8 * MB)).toBe(problem);
  });

  test("are uploaded at once and named by the message", async () => {
    const tray = uploads();
    tray.add([picture("a.jpg")]);
    expect(tray.pictures.value).toMatchObject([{ state: "uploading" }]);
    await settled();
    expect(tray.pictures.value).toMatchObject([{ state: "done", progress: 1 }]);
    expect(tray.take()).toEqual(["id1"]);
    expect(tray.pictures.value).toEqual([]);
  });

  test("that did not get through can be sent again", async () => {
    results = [() => Promise.reject(new NetworkError())];
    const tray = uploads();
    tray.add([picture("a.jpg")]);
    await settled();
    expect(tray.pictures.value).toMatchObject([{ state: "failed", problem: texts.errors.network }]);
    tray.retry(tray.pictures.value[0]?.key ?? "");
    await settled();
    expect(tray.pictures.value).toMatchObject([{ state: "done", problem: null }]);
  });

  test("of the wrong kind are not uploaded, with the reason", () => {
    const tray = uploads();
    tray.add([picture("a.pdf", 10, "application/pdf")]);
    expect(tray.pictures.value).toEqual([]);
    expect(tray.refusal.value).toBe(texts.pictures.wrongType);
  });

  test("that stay too large are taken back, with the reason", async () => {
    const tray = uploads();
    tray.add([picture("a.jpg", 9 * MB)]);
    await settled();
    expect(tray.pictures.value).toEqual([]);
    expect(tray.refusal.value).toBe(texts.pictures.tooLarge(8));
  });

  test("are limited in number", () => {
    const tray = uploads();
    tray.add(Array.from({ length: MOST_PICTURES + 1 }, (_, index) => picture(`${index}.jpg`)));
    expect(tray.pictures.value).toHaveLength(MOST_PICTURES);
    expect(tray.refusal.value).toBe(texts.pictures.tooMany(MOST_PICTURES));
  });

  test("just sent are shown from memory, not fetched again", async () => {
    const http = {
      blob: (path: string) => {
        blobs.push(path);
        return Promise.resolve(new Blob());
      },
    } as unknown as Http;
    const cache = createPictureCache(http);
    cache.remember("mine", "blob:preview");
    expect(await cache.url("mine")).toBe("blob:preview");
    await cache.url("other");
    await cache.url("other");
    expect(blobs).toEqual(["/api/webchat/uploads/other"]);
  });
});
