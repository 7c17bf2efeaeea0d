import { type Ref, ref } from "vue";

import { ApiError } from "../api/errors";
import { type Http, createHttp } from "../api/http";
import type { Identity } from "../api/types";

export const BASE = "/api/wechat/binding";

export interface BindSession {
  http: Http;
  identity: Ref<Identity>;
  /** The ticket is used up, too old, or another browser's. */
  over: Ref<boolean>;
  /** Which homes are bound already; silent where that cannot be told now. */
  load: () => Promise<void>;
}

/** The ticket as bearer token; the browser's cookie goes with it, as a ticket is good in one browser only. */
export function createBindSession(ticket: string): BindSession {
  const identity = ref<Identity>({ verified: false, name: null, homes: [] });
  const over = ref(false);
  const http = createHttp({
    token: () => ticket,
    renew() {
      over.value = true;
      return Promise.resolve(false);
    },
    reached: () => undefined,
    withCookies: true,
  });
  return {
    http,
    identity,
    over,
    async load() {
      try {
        identity.value = (await http.get<{ identity: Identity }>(BASE)).identity;
      } catch (error) {
        // Who cannot reach the server now may type meanwhile; the form tells it when it matters.
        if (error instanceof ApiError && error.status === 401) over.value = true;
      }
    },
  };
}
