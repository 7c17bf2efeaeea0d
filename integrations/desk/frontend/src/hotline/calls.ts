import { reactive } from "vue";

import { coalesce } from "../stores/coalesce";
import type { HotlineApi } from "./api";
import type { Call, ConversationCalls, Heard } from "./types";

/** The telephone side of the conversations that were looked at. */
export function createCalls(api: HotlineApi) {
  const state = reactive<{ byId: Record<string, ConversationCalls> }>({ byId: {} });
  const runners = new Map<string, () => Promise<void>>();

  function refresh(id: string): Promise<void> {
    let runner = runners.get(id);
    if (!runner) {
      runner = coalesce(async () => {
        state.byId[id] = await api.ofConversation(id);
      });
      runners.set(id, runner);
    }
    return runner();
  }

  function of(id: string): ConversationCalls | null {
    return state.byId[id] ?? null;
  }

  /** What was heard for one message, or null: not a telephone, or not known yet. */
  function heard(id: string, seq: number): Heard | null {
    return state.byId[id]?.heard.find((one) => one.seq === seq) ?? null;
  }

  function liveOf(id: string): Call | null {
    return state.byId[id]?.calls.find((call) => call.ended_at === null) ?? null;
  }

  function clear(): void {
    state.byId = {};
    runners.clear();
  }

  return { of, heard, liveOf, refresh, clear };
}

export type Calls = ReturnType<typeof createCalls>;
