import { type Ref, onBeforeUnmount, onMounted, ref } from "vue";

import { getJson } from "../api/http";
import type { DemoSms } from "../api/types";

const EVERY_MS = 2_000;

/** The demo's text messages, newest first, looked for every two seconds while the page is in front. */
export function useSmsInbox(): { messages: Ref<DemoSms[]>; failing: Ref<boolean> } {
  const messages = ref<DemoSms[]>([]);
  const failing = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function look(): Promise<void> {
    try {
      if (!document.hidden) {
        const found = await getJson<DemoSms[]>("/api/demo/sms");
        messages.value = [...found].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
      }
      failing.value = false;
    } catch {
      failing.value = true;
    }
    timer = setTimeout(() => void look(), EVERY_MS);
  }

  onMounted(look);
  onBeforeUnmount(() => clearTimeout(timer));
  return { messages, failing };
}
