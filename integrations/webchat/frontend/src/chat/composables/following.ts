import { type Ref, nextTick, onBeforeUnmount, onMounted, ref } from "vue";

/** Nearer to the end than this counts as being there. */
const NEAR_END_PX = 120;
const AT_END_PX = 4;
const MARGIN_PX = 12;
/** Scrolling this soon after a touch of the wheel, the screen or a key is the reader's own. */
const OWN_MS = 1_000;
const GESTURES = ["wheel", "touchmove", "pointerdown", "keydown"] as const;

export interface Following {
  nearEnd: Ref<boolean>;
  /** False once the reader has scrolled away from the end. */
  following: Ref<boolean>;
  /** Shows what came last; after the next rendering. */
  follow: () => Promise<void>;
  toEnd: () => void;
}

/**
 * Keeps the newest message in view until the reader scrolls away. A message higher than the window is shown from its
 * beginning: safety instructions are read from the first line. `anchor` is the element that must not scroll out at
 * the top, null while nothing should move.
 */
export function useFollowing(
  scroller: Readonly<Ref<HTMLElement | null>>,
  content: Readonly<Ref<HTMLElement | null>>,
  anchor: () => HTMLElement | null,
): Following {
  const nearEnd = ref(true);
  const following = ref(true);
  let touched = 0;
  let observer: ResizeObserver | null = null;

  const left = (element: HTMLElement): number => element.scrollHeight - element.scrollTop - element.clientHeight;

  function settle(): void {
    const element = scroller.value;
    const kept = anchor();
    if (element === null || kept === null) return;
    const top = kept.getBoundingClientRect().top - element.getBoundingClientRect().top + element.scrollTop;
    element.scrollTop = Math.min(element.scrollHeight - element.clientHeight, top - MARGIN_PX);
  }

  function onScroll(): void {
    const element = scroller.value;
    if (element === null) return;
    const distance = left(element);
    nearEnd.value = distance < NEAR_END_PX;
    if (distance < AT_END_PX) following.value = true;
    else if (Date.now() - touched < OWN_MS) following.value = nearEnd.value;
  }

  const onGesture = (): void => {
    touched = Date.now();
  };

  onMounted(() => {
    const element = scroller.value;
    if (element === null || content.value === null) return;
    element.addEventListener("scroll", onScroll, { passive: true });
    for (const gesture of GESTURES) element.addEventListener(gesture, onGesture, { passive: true });
    // Pictures, cards and the keyboard change heights.
    observer = new ResizeObserver(() => {
      if (following.value) settle();
      onScroll();
    });
    observer.observe(element);
    observer.observe(content.value);
  });
  onBeforeUnmount(() => observer?.disconnect());

  return {
    nearEnd,
    following,
    async follow() {
      following.value = true;
      touched = 0;
      await nextTick();
      settle();
    },
    toEnd() {
      following.value = true;
      touched = 0;
      scroller.value?.scrollTo({ top: scroller.value.scrollHeight, behavior: "smooth" });
    },
  };
}
