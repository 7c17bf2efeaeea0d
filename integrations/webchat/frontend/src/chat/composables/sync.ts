import { type Ref, ref } from "vue";

import type { Http } from "../../api/http";
import type { ConversationUpdate, Me, MessagePage } from "../../api/types";
import { backoff, sleep } from "../../lib/backoff";
import type { MessageStore } from "./messages";
import type { Session } from "./session";

/** Somebody waits in front of the page: no longer pause than this. */
const LONGEST_PAUSE_MS = 5_000;
/** A page this full may not be the last one. */
const FULL_PAGE = 50;

export interface Sync {
  /** True once the history of this visitor has been read. */
  ready: Ref<boolean>;
  failing: Ref<boolean>;
  /** Reads what is missing in one conversation. */
  conversation: (id: string) => Promise<void>;
  /** Asks who and which conversations, then reads what is missing in each; repeats until it succeeds. */
  everything: () => Promise<void>;
}

/** Brings the store up to the server's state; requests for the same thing at the same time become one. */
export function createSync(
  session: Session,
  messages: MessageStore,
  heard: (conversation: ConversationUpdate) => void,
): Sync {
  const ready = ref(false);
  const failing = ref(false);
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();
  let whole: Promise<void> | null = null;
  const http: Http = session.http;

  async function pages(id: string, upTo: number): Promise<void> {
    for (;;) {
      const query = new URLSearchParams({ conversation: id, after_seq: String(messages.cursor(id)) });
      const generation = session.generation.value;
      const page = await http.get<MessagePage>(`/api/webchat/messages?${query.toString()}`);
      if (generation !== session.generation.value) return;
      messages.fill(id, page.messages, page.messages.length < FULL_PAGE ? upTo : 0);
      heard(page.conversation);
      if (page.messages.length < FULL_PAGE) return;
    }
  }

  function conversation(id: string, upTo = 0): Promise<void> {
    const current = running.get(id);
    if (current !== undefined) {
      again.add(id); // what is asked now may be newer than what the running request saw
      return current;
    }
    const work = (async () => {
      try {
        do {
          again.delete(id);
          await pages(id, upTo);
        } while (again.has(id));
      } finally {
        running.delete(id);
      }
    })();
    running.set(id, work);
    return work;
  }

  async function once(): Promise<void> {
    const me: Me = await session.open();
    for (const known of me.conversations) {
      const { conversation_id: id, last_seq: lastSeq } = known;
      if (messages.cursor(id) < lastSeq) await conversation(id, lastSeq);
      else heard(known);
    }
  }

  async function untilDone(): Promise<void> {
    for (let attempts = 1; ; attempts += 1) {
      try {
        await once();
        failing.value = false;
        ready.value = true;
        return;
      } catch {
        failing.value = true;
        await sleep(Math.min(backoff(attempts), LONGEST_PAUSE_MS));
      }
    }
  }

  return {
    ready,
    failing,
    conversation: (id) => conversation(id),
    everything() {
      whole ??= untilDone().finally(() => {
        whole = null;
      });
      return whole;
    },
  };
}
