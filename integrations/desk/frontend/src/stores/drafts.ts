import { reactive } from "vue";

import { type Store, read, write } from "./storage";

/** Texts not sent yet, one for each conversation: switching, reloading or signing in again loses none. */
export function createDrafts(store: Store) {
  const state = reactive<{ byId: Record<string, string> }>({ byId: {} });
  let key: string | null = null;

  function resume(agentId: number): void {
    key = `guanjia.desk.drafts.${agentId}`;
    state.byId = read(store, key, {});
  }

  /** The session ended by itself; the texts wait for the same agent. */
  function suspend(): void {
    key = null;
    state.byId = {};
  }

  /** The agent signed out on purpose. */
  function forget(): void {
    if (key !== null) store.removeItem(key);
    suspend();
  }

  function of(conversationId: string): string {
    return state.byId[conversationId] ?? "";
  }

  function save(conversationId: string, text: string): void {
    const rest = Object.entries(state.byId).filter(([id]) => id !== conversationId);
    state.byId = Object.fromEntries(text ? [...rest, [conversationId, text]] : rest);
    if (key !== null) write(store, key, state.byId);
  }

  return { resume, suspend, forget, of, save };
}
