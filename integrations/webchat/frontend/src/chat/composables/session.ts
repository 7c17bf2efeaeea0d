import { type Ref, ref } from "vue";

import { type Http, createHttp, postJson } from "../../api/http";
import type { Identity, Me, NewSession } from "../../api/types";
import { type Store, storageKey } from "../../lib/storage";

const TOKEN = "token";
const STRANGER: Identity = { verified: false, name: null, homes: [] };

export interface Session {
  http: Http;
  token: () => string | null;
  identity: Ref<Identity>;
  /** Whether the last request got any answer. */
  reachable: Ref<boolean>;
  /** Counts the times a refused token was replaced; what was shown before belongs to another visitor. */
  generation: Ref<number>;
  /** Who this is: makes a session on the first visit. */
  open: () => Promise<Me>;
}

/** One at a time over all tabs, so that two new tabs do not become two visitors. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const locks = (navigator as Partial<Navigator>).locks;
  if (locks === undefined) return work();
  const begun: { result?: Promise<T> } = {};
  try {
    await locks.request("guanjia.webchat.session", () => (begun.result = work()));
  } catch {
    // Either the work failed, which awaiting it tells, or locks are denied: a frame whose storage is blocked may not
    // use them, and shares nothing with other tabs anyway.
  }
  return begun.result ?? work();
}

/** The visitor's session. The token lives in localStorage; without storage, as long as the page. */
export function createSession(store: Store): Session {
  let token = store.get(TOKEN);
  let renewing: Promise<boolean> | null = null;
  const identity = ref<Identity>(STRANGER);
  const reachable = ref(true);
  const generation = ref(0);

  function adopt(next: string): void {
    if (next === token) return;
    if (token !== null) generation.value += 1;
    token = next;
    store.set(TOKEN, next);
  }

  async function renewOnce(refused: string | null): Promise<boolean> {
    return alone(async () => {
      const stored = store.get(TOKEN);
      if (stored !== null && stored !== refused) {
        adopt(stored); // another tab was first
        return true;
      }
      const fresh = await postJson<NewSession>("/api/webchat/sessions", {});
      adopt(fresh.token);
      identity.value = fresh.identity;
      return true;
    });
  }

  function renew(refused: string | null): Promise<boolean> {
    if (token !== refused) return Promise.resolve(true); // another request of this tab was first
    renewing ??= renewOnce(refused).finally(() => {
      renewing = null;
    });
    return renewing;
  }

  window.addEventListener("storage", (event) => {
    if (event.key === storageKey(TOKEN) && event.newValue !== null) adopt(event.newValue);
  });

  const http = createHttp({
    token: () => token,
    renew,
    reached: (answered) => {
      reachable.value = answered;
    },
  });

  return {
    http,
    token: () => token,
    identity,
    reachable,
    generation,
    async open() {
      try {
        if (token === null) await renew(null);
        const me = await http.get<Me>("/api/webchat/me");
        identity.value = me.identity;
        return me;
      } catch (error) {
        reachable.value = false;
        throw error;
      }
    },
  };
}
