import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { type Embedding, useEmbedding } from "../src/chat/composables/embedding";
import { fromChat, fromWidget } from "../src/widget/protocol";
import { scoped } from "./helpers";

const SITE = "https://estate.example";
const parent = { postMessage: vi.fn() };
const fills: unknown[] = [];

function says(data: unknown, origin: string, source: unknown = parent): void {
  const event = new MessageEvent("message", { data, origin });
  Object.defineProperty(event, "source", { value: source });
  window.dispatchEvent(event);
}

const shown = (open: boolean): unknown => fromWidget({ type: "shown", open });
const fill = fromWidget({ type: "fill", what: "text", value: "明天停水吗" });

let chat: Embedding;

beforeEach(() => {
  parent.postMessage.mockClear();
  fills.length = 0;
  vi.stubGlobal("parent", parent);
  chat = scoped(() => useEmbedding((filled) => fills.push(filled)));
});
afterEach(() => void vi.unstubAllGlobals());

describe("the chat in a frame", () => {
  test("says nothing before the page around it has spoken", () => {
    chat.tellUnread(3);
    chat.askToClose();
    expect(parent.postMessage).not.toHaveBeenCalled();
    expect(chat.embedded.value).toBe(false);
  });

  test("answers the widget, to the widget's origin only", () => {
    chat.tellUnread(3);
    says(shown(false), SITE);
    expect(parent.postMessage.mock.calls).toEqual([
      [fromChat({ type: "ready" }), SITE],
      [fromChat({ type: "unread", count: 3 }), SITE],
    ]);
    expect(chat.embedded.value).toBe(true);
    expect(chat.visible.value).toBe(false);
    says(shown(true), SITE);
    expect(chat.visible.value).toBe(true);
  });

  test("does not listen to other windows", () => {
    says(shown(false), SITE, {});
    expect(chat.embedded.value).toBe(false);
    expect(parent.postMessage).not.toHaveBeenCalled();
  });

  test("stays with the origin that spoke first", () => {
    says(shown(true), SITE);
    says(shown(false), "https://evil.example");
    expect(chat.visible.value).toBe(true);
    parent.postMessage.mockClear();
    chat.askToClose();
    expect(parent.postMessage).toHaveBeenCalledExactlyOnceWith(fromChat({ type: "close" }), SITE);
  });

  test("lets only our own pages fill in its input", () => {
    says(fill, SITE);
    expect(fills).toEqual([]);
    says(fill, window.location.origin);
    expect(fills).toHaveLength(1);
  });
});
