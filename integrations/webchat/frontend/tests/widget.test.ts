import { describe, expect, onTestFinished, test } from "vitest";

import { texts } from "../src/texts";
import { type Place, isFromFrame, placeOf } from "../src/widget/place";
import { fromChat, fromWidget, isFromChat, isFromWidget } from "../src/widget/protocol";
import { Widget } from "../src/widget/widget";

const PLACE: Place = { origin: "https://chat.example", frame: "about:blank" };

describe("where the chat lives", () => {
  test.each([
    ["https://chat.example/widget.js", "https://chat.example", "https://chat.example/webchat/"],
    ["https://chat.example:8443/widget.js?v=3#x", "https://chat.example:8443", "https://chat.example:8443/webchat/"],
    ["http://127.0.0.1:8080/widget.js", "http://127.0.0.1:8080", "http://127.0.0.1:8080/webchat/"],
    ["https://www.example/service/widget.js", "https://www.example", "https://www.example/service/webchat/"],
  ])("%s leads to %s", (script, origin, frame) => {
    expect(placeOf(script)).toEqual({ origin, frame });
  });

  test.each([null, undefined, "", "widget.js", "file:///home/x/widget.js", "data:text/javascript,1", "blob:https://x/1"])(
    "%s leads nowhere",
    (script) => {
      expect(placeOf(script)).toBeNull();
    },
  );

  test("a script with a user name in its address does not change the origin", () => {
    expect(placeOf("https://chat.example@evil.example/widget.js")?.origin).toBe("https://evil.example");
  });
});

describe("who may speak", () => {
  const frame = {} as Window;

  test("only our frame on our origin", () => {
    expect(isFromFrame({ origin: PLACE.origin, source: frame }, PLACE, frame)).toBe(true);
  });

  test("not our origin from another window, nor another origin from our frame", () => {
    expect(isFromFrame({ origin: PLACE.origin, source: {} as Window }, PLACE, frame)).toBe(false);
    expect(isFromFrame({ origin: "https://evil.example", source: frame }, PLACE, frame)).toBe(false);
    expect(isFromFrame({ origin: "https://chat.example.evil.example", source: frame }, PLACE, frame)).toBe(false);
    expect(isFromFrame({ origin: PLACE.origin, source: null }, PLACE, null)).toBe(false);
  });

  test.each([null, "unread", 3, {}, { type: "unread", count: 2 }, { source: "guanjia-webchat", type: "unread", count: "2" },
    { source: "guanjia-webchat", type: "unread", count: -1 }, { source: "guanjia-webchat", type: "other" }])(
    "%j is not understood",
    (data) => {
      expect(isFromChat(data)).toBe(false);
      expect(isFromWidget(data)).toBe(false);
    },
  );

  test("what either side says is understood by the other only", () => {
    const unread = fromChat({ type: "unread", count: 2 });
    const shown = fromWidget({ type: "shown", open: true });
    expect([isFromChat(unread), isFromWidget(unread)]).toEqual([true, false]);
    expect([isFromChat(shown), isFromWidget(shown)]).toEqual([false, true]);
    expect(isFromWidget(fromWidget({ type: "fill", what: "phone", value: "138" }))).toBe(true);
  });
});

describe("the button on the page", () => {
  function widget(): { root: ShadowRoot; launcher: HTMLButtonElement; hears: (data: unknown, origin?: string) => void } {
    const made = new Widget(PLACE, { side: "right", label: texts.widget.label });
    made.mount();
    onTestFinished(() => made.host.remove());
    const root = made.host.shadowRoot as ShadowRoot;
    const launcher = root.querySelector("button") as HTMLButtonElement;
    const hears = (data: unknown, origin = PLACE.origin): void => {
      const frame = root.querySelector("iframe") as HTMLIFrameElement;
      // The test's DOM loads no frames: the window of this one is any object.
      if (frame.contentWindow === null) Object.defineProperty(frame, "contentWindow", { value: window });
      const event = new MessageEvent("message", { data, origin });
      Object.defineProperty(event, "source", { value: frame.contentWindow });
      window.dispatchEvent(event);
    };
    return { root, launcher, hears };
  }

  test("opens the chat and says so", () => {
    const { root, launcher } = widget();
    expect(launcher.getAttribute("aria-expanded")).toBe("false");
    expect(root.querySelector("iframe")).toBeNull();
    launcher.click();
    expect(launcher.getAttribute("aria-expanded")).toBe("true");
    expect(root.querySelector("iframe")?.title).toBe(texts.widget.frame);
    expect((root.querySelector(".panel") as HTMLElement).hidden).toBe(false);
  });

  test("shows unread messages of the chat only", () => {
    const { root, launcher, hears } = widget();
    launcher.click();
    launcher.click();
    const badge = root.querySelector(".badge") as HTMLElement;
    hears(fromChat({ type: "unread", count: 5 }), "https://evil.example");
    expect(badge.hidden).toBe(true);
    hears(fromChat({ type: "unread", count: 2 }));
    expect(badge.hidden).toBe(false);
    expect(badge.textContent).toBe("2");
    expect(launcher.getAttribute("aria-label")).toBe(texts.widget.openUnread(2));
    hears(fromChat({ type: "unread", count: 120 }));
    expect(badge.textContent).toBe(texts.widget.many);
  });

  test("folds the chat when the chat asks for it", () => {
    const { root, launcher, hears } = widget();
    launcher.click();
    hears(fromChat({ type: "close" }));
    expect((root.querySelector(".panel") as HTMLElement).hidden).toBe(true);
    expect(launcher.getAttribute("aria-label")).toBe(texts.widget.open);
  });

  test("brings no styles into the page", () => {
    const before = document.querySelectorAll("style, link").length;
    widget();
    expect(document.querySelectorAll("style, link").length).toBe(before);
  });
});
