import { type Ref, computed, ref } from "vue";

import { sentenceOf } from "../../api/errors";
import type { Http } from "../../api/http";
import type { Identity } from "../../api/types";
import { texts } from "../../texts";
import { codeProblem, digits, phoneProblem } from "../validation";

/** The server sends one code a minute to a number. */
const PAUSE_SECONDS = 60;

export interface Binding {
  phone: Ref<string>;
  code: Ref<string>;
  phoneProblem: Ref<string | null>;
  codeProblem: Ref<string | null>;
  /** What the server refused. */
  problem: Ref<string | null>;
  hint: Ref<string | null>;
  /** Seconds until another code can be asked for. */
  secondsLeft: Ref<number>;
  busy: Ref<boolean>;
  /** True when a code was asked for. */
  requestCode: () => Promise<boolean>;
  /** True when the home is bound. */
  verify: () => Promise<boolean>;
  stop: () => void;
}

/** Who is bound: the visitor of the chat, or whoever WeChat says is at the page. */
export interface Party {
  http: Pick<Http, "post">;
  identity: Ref<Identity>;
}

interface Options {
  /** Where `/code` and `/verify` are. */
  base?: string;
  now?: () => number;
}

/** Phone and one-time code; made anew each time the form opens. */
export function useBinding(
  { http, identity }: Party,
  { base = "/api/webchat/bindings", now = Date.now }: Options = {},
): Binding {
  const phone = ref("");
  const code = ref("");
  const wrongPhone = ref<string | null>(null);
  const wrongCode = ref<string | null>(null);
  const problem = ref<string | null>(null);
  const hint = ref<string | null>(null);
  const busy = ref(false);
  const readyAt = ref(0);
  const clock = ref(now());
  // By the clock and not by counting: a phone that sleeps meanwhile shows the right rest afterwards.
  const timer = setInterval(() => (clock.value = now()), 500);

  async function guarded(work: () => Promise<void>): Promise<boolean> {
    busy.value = true;
    problem.value = null;
    try {
      await work();
      return true;
    } catch (error) {
      problem.value = sentenceOf(error);
      return false;
    } finally {
      busy.value = false;
    }
  }

  return {
    phone,
    code,
    phoneProblem: wrongPhone,
    codeProblem: wrongCode,
    problem,
    hint,
    secondsLeft: computed(() => Math.max(0, Math.ceil((readyAt.value - clock.value) / 1_000))),
    busy,
    async requestCode() {
      wrongPhone.value = phoneProblem(phone.value);
      if (wrongPhone.value !== null) return false;
      return guarded(async () => {
        await http.post(`${base}/code`, { phone: digits(phone.value) });
        clock.value = now();
        readyAt.value = clock.value + PAUSE_SECONDS * 1_000;
        hint.value = texts.bind.codeSent;
      });
    },
    async verify() {
      wrongPhone.value = phoneProblem(phone.value);
      wrongCode.value = codeProblem(code.value);
      if (wrongPhone.value !== null || wrongCode.value !== null) return false;
      return guarded(async () => {
        const body = { phone: digits(phone.value), code: digits(code.value) };
        const bound = await http.post<{ identity: Identity }>(`${base}/verify`, body);
        identity.value = bound.identity;
      });
    },
    stop: () => clearInterval(timer),
  };
}
