import type { Conversation, Message, Reach } from "./api/types";
import type { Outgoing } from "./stores/outbox";

/** What may be sent in a conversation at this moment. */
export interface Standing {
  limited: boolean;
  /** How many messages of the channel may still go out; meaningless where there is no limit. */
  left: number;
  closesAt: number | null;
  /** Why nothing can be sent: the window is closed, or what it permits is used up. */
  blocked: "closed" | "used" | null;
  partBytes: number | null;
}

const UNLIMITED: Standing = { limited: false, left: 0, closesAt: null, blocked: null, partBytes: null };
const utf8 = new TextEncoder();

/** How many messages of the channel a text becomes at least. */
export function partsOf(text: string, partBytes: number | null): number {
  return partBytes === null ? 1 : Math.max(1, Math.ceil(utf8.encode(text).length / partBytes));
}

/** What the server said, less what was written since, by the server's clock. */
export function standingOf(
  thread: { conversation: Conversation | null; reach: Reach | null; reachSeq: number; messages: Message[] },
  outgoing: Outgoing[],
  now: number,
): Standing {
  const { reach } = thread;
  if (!reach?.limited) return UNLIMITED;
  const unknown = thread.messages.filter((one) => one.seq > thread.reachSeq && one.direction === "out" && !one.note);
  const unsent = outgoing.filter((one) => one.kind === "reply" && one.state !== "refused");
  const ahead =
    unknown.reduce((sum, one) => sum + partsOf(textOf(one), reach.part_bytes), 0) +
    unsent.reduce((sum, one) => sum + partsOf(one.text, reach.part_bytes), 0);
  const left = Math.max(0, (reach.left ?? 0) - ahead);
  const closesAt = reach.closes_at === null ? null : Date.parse(reach.closes_at);
  const open = closesAt !== null && now < closesAt;
  return {
    limited: true,
    left,
    closesAt: open ? closesAt : null,
    blocked: open ? (left > 0 ? null : "used") : "closed",
    partBytes: reach.part_bytes,
  };
}

function textOf(message: Message): string {
  return message.text || message.blocks.map((block) => (block.kind === "text" ? block.text : "")).join("\n");
}
