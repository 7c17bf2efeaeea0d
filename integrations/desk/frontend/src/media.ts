import { onScopeDispose, type Ref, ref } from "vue";

/** Whether a media query matches, kept up to date. */
export function useMedia(query: string): Ref<boolean> {
  const list = window.matchMedia(query);
  const matches = ref(list.matches);
  const update = (): void => {
    matches.value = list.matches;
  };
  list.addEventListener("change", update);
  onScopeDispose(() => list.removeEventListener("change", update));
  return matches;
}

/** Room for three panes; below it the resident's pane is a drawer. */
export const WIDE = "(min-width: 1080px)";
/** Room for one pane only: list or conversation. */
export const PHONE = "(max-width: 619.98px)";
