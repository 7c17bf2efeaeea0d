import { type Ref, ref, watchEffect } from "vue";

import type { Store } from "../../lib/storage";

const LARGE_TEXT = "large-text";

/** Large-text mode for older residents: remembered, and set on the root element so that every rem grows. */
export function useLargeText(store: Store): Ref<boolean> {
  const large = ref(store.get(LARGE_TEXT) === "1");
  watchEffect(() => {
    document.documentElement.classList.toggle("large", large.value);
    store.set(LARGE_TEXT, large.value ? "1" : "0");
  });
  return large;
}
