import { texts } from "../texts";
import type { Store } from "../lib/storage";

export type Problem = keyof typeof texts.bindPage.problems;

/** What WeChat's sign-in left in the address of this page. */
export interface Visit {
  /** The Official Account; null where the address names none. */
  account: string | null;
  /** Shown to our API; good once, for minutes, in this browser. */
  ticket: string | null;
  problem: Problem | null;
  /** After it was used: a reload must not try again. */
  finish: () => void;
}

const TICKET = "bind.ticket";
const ACCOUNT_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const TICKET_FORM = /^[a-z0-9-]{1,40}\.[\w=-]{1,1024}$/;

const isProblem = (name: string): name is Problem => Object.hasOwn(texts.bindPage.problems, name);

/** Reads the address; a ticket is kept for reloads of this tab. */
export function visitOf(address: Pick<Location, "search" | "hash">, store: Store): Visit {
  const query = new URLSearchParams(address.search);
  const account = query.get("account") ?? "";
  const problem = query.get("problem");
  const fresh = address.hash.slice(1);
  if (problem !== null) store.remove(TICKET);
  else if (TICKET_FORM.test(fresh)) store.set(TICKET, fresh);
  const ticket = store.get(TICKET);
  return {
    account: ACCOUNT_NAME.test(account) ? account : null,
    ticket,
    problem: problem === null ? null : isProblem(problem) ? problem : "busy",
    finish: () => store.remove(TICKET),
  };
}

/** Where the sign-in begins anew; made from a checked name only, never from an address in the address. */
export const signInAt = (account: string): string => `/wechat/${account}/bind`;
