import { type Ref, onScopeDispose, ref } from "vue";

import { type FromWidget, fromChat, isFromWidget } from "../../widget/protocol";

export interface Embedding {
  /** Inside a frame at all (the widget's or the demo page's). */
  framed: boolean;
  /** Inside the widget's frame, after its greeting. */
  embedded: Ref<boolean>;
  /** Whether the page can be seen: an open widget, a tab in front. */
  visible: Ref<boolean>;
  tellUnread: (count: number) => void;
  askToClose: () => void;
}

/**
 * The page around this one. Its address is not known beforehand (any site may embed the chat, as far as
 * `frame-ancestors` allows), so the parent speaks first and everything said to it goes to that origin only.
 */
export function useEmbedding(onFill: (fill: Extract<FromWidget, { type: "fill" }>) => void): Embedding {
  const framed = window.parent !== window;
  const embedded = ref(false);
  const shown = ref(true);
  const inFront = ref(!document.hidden);
  const visible = ref(inFront.value);
  let parentOrigin: string | null = null;
  let unread = 0;

  const update = (): void => {
    visible.value = inFront.value && shown.value;
  };
  const tell = (message: ReturnType<typeof fromChat>): void => {
    if (parentOrigin !== null) window.parent.postMessage(message, parentOrigin);
  };

  function hear(event: MessageEvent): void {
    if (!framed || event.source !== window.parent || !isFromWidget(event.data)) return;
    if (event.data.type === "fill") {
      // Only our own pages (the demo page) may put words into the resident's mouth.
      if (event.origin === window.location.origin) onFill(event.data);
      return;
    }
    if (parentOrigin !== null && parentOrigin !== event.origin) return;
    parentOrigin = event.origin;
    embedded.value = true;
    shown.value = event.data.open;
    update();
    tell(fromChat({ type: "ready" }));
    tell(fromChat({ type: "unread", count: unread }));
  }

  function changed(): void {
    inFront.value = !document.hidden;
    update();
  }

  window.addEventListener("message", hear);
  document.addEventListener("visibilitychange", changed);
  onScopeDispose(() => {
    window.removeEventListener("message", hear);
    document.removeEventListener("visibilitychange", changed);
  });

  return {
    framed,
    embedded,
    visible,
    tellUnread(count) {
      unread = count;
      tell(fromChat({ type: "unread", count }));
    },
    askToClose: () => tell(fromChat({ type: "close" })),
  };
}
