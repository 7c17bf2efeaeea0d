import type { AskedValue, Choice, Message } from "../api/types";
import { dayAndTime } from "../lib/format";
import type { Pending } from "./composables/outbox";

/** A pause after which the time is shown again. */
const PAUSE_MS = 10 * 60_000;

export interface MessageRow {
  kind: "message";
  key: string;
  message: Message;
  /** First of several by the same author: carries the name. */
  first: boolean;
  /** Nothing came after it, so its choices can still be made. */
  open: boolean;
  /** The title of the option that was chosen. */
  chosen: string | null;
}

export interface PendingRow {
  kind: "pending";
  key: string;
  item: Pending;
}

export interface TimeRow {
  kind: "time";
  key: string;
  text: string;
  /** A new conversation begins here. */
  begins: boolean;
}

export type Row = MessageRow | PendingRow | TimeRow;

function pauseBefore(message: Message, before: Message | undefined): boolean {
  return before === undefined || Date.parse(message.at) - Date.parse(before.at) > PAUSE_MS;
}

function chosenTitle(messages: Message[], index: number, pending: Pending[]): string | null {
  const { conversation_id: conversation, seq } = messages[index] as Message;
  const next = messages.slice(index + 1).find((message) => message.direction === "in");
  if (next !== undefined) return next.conversation_id === conversation ? next.text : null;
  return pending.find((item) => item.choice?.seq === seq)?.choiceTitle ?? null;
}

/** What the conversation looks like from top to bottom: messages, times between them, and what is being sent. */
export function timeline(messages: Message[], pending: Pending[], now: Date = new Date()): Row[] {
  const rows: Row[] = [];
  // A refused message waits for the resident; it takes nothing away from the open question.
  const going = pending.some(({ state }) => state !== "rejected");
  messages.forEach((message, index) => {
    const before = messages[index - 1];
    const begins = before !== undefined && before.conversation_id !== message.conversation_id;
    const key = `${message.conversation_id}/${message.seq}`;
    const timed = begins || pauseBefore(message, before);
    if (timed) rows.push({ kind: "time", key: `time/${key}`, text: dayAndTime(message.at, now), begins });
    rows.push({
      kind: "message",
      key,
      message,
      first: timed || before?.author !== message.author || before.author_name !== message.author_name,
      open: index === messages.length - 1 && !going,
      chosen: message.direction === "out" ? chosenTitle(messages, index, pending) : null,
    });
  });
  for (const item of pending) rows.push({ kind: "pending", key: `pending/${item.id}`, item });
  return rows;
}

/** An emergency stays in view while its confirmation arrives below it. */
const EMERGENCY_HOLDS_MS = 30_000;
const ROWS_AFTER_EMERGENCY = 3;

/** The row whose beginning must stay in view: the last one, or an emergency just before it. */
export function anchorRow(rows: Row[], now: number = Date.now()): number {
  for (let index = rows.length - 1; index >= Math.max(0, rows.length - ROWS_AFTER_EMERGENCY); index -= 1) {
    const row = rows[index];
    if (row?.kind === "pending" || (row?.kind === "message" && row.message.direction === "in")) break;
    if (row?.kind !== "message" || now - Date.parse(row.message.at) > EMERGENCY_HOLDS_MS) continue;
    if (row.message.blocks?.some(({ kind }) => kind === "emergency")) return index;
  }
  return rows.length - 1;
}

/** The kind of value that the newest message asks for: the input field adapts to it. */
export function askedValue(messages: Message[], pending: Pending[]): AskedValue | null {
  if (pending.some(({ state }) => state !== "rejected")) return null;
  const blocks = messages.at(-1)?.blocks ?? [];
  for (const block of [...blocks].reverse()) if (block.kind === "ask") return block.value;
  return null;
}

/** The option to leave the queue, as the server offered it last in this conversation. */
export function leaveOption(messages: Message[]): { choice: Choice; title: string } | null {
  const conversation = messages.at(-1)?.conversation_id;
  for (const message of [...messages].reverse()) {
    if (message.conversation_id !== conversation) return null;
    for (const block of message.blocks ?? []) {
      const leave = block.kind === "choices" ? block.options.find(({ id }) => id === "leave") : undefined;
      if (leave !== undefined) return { choice: { seq: message.seq, id: leave.id }, title: leave.title };
    }
  }
  return null;
}
