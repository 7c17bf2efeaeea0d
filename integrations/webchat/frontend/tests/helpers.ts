import { type Component, type Plugin, createApp, effectScope, nextTick } from "vue";
import { onTestFinished } from "vitest";

import type { Block, Message } from "../src/api/types";

export const A = "a".repeat(32);
export const B = "b".repeat(32);

/** A message of the bot, unless told otherwise; its time follows from its seq. */
export function said(seq: number, more: Partial<Message> = {}): Message {
  const conversation = more.conversation_id ?? A;
  const hour = conversation === A ? 1 : 5;
  return {
    conversation_id: conversation,
    seq,
    direction: "out",
    author: "bot",
    author_name: "助手",
    at: new Date(Date.UTC(2026, 10, 21, hour, 0, seq)).toISOString(),
    client_message_id: null,
    text: "",
    upload_ids: [],
    blocks: [],
    reply_to_seq: null,
    ...more,
  };
}

export function asked(seq: number, text: string, more: Partial<Message> = {}): Message {
  return said(seq, { direction: "in", author: "resident", author_name: "", text, ...more });
}

export const choices = (...titles: string[]): Block => ({
  kind: "choices",
  prompt: null,
  options: titles.map((title, index) => ({ id: String(index + 1), title })),
});

export function mounted(component: Component, props: Record<string, unknown> = {}, plugin?: Plugin): HTMLElement {
  const host = document.createElement("div");
  document.body.append(host);
  const app = createApp(component, props);
  if (plugin !== undefined) app.use(plugin);
  app.mount(host);
  onTestFinished(() => {
    app.unmount();
    host.remove();
  });
  return host;
}

/** Runs a composable that registers effects, and ends them with the test. */
export function scoped<T>(work: () => T): T {
  const scope = effectScope();
  onTestFinished(() => scope.stop());
  return scope.run(work) as T;
}

export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  await nextTick();
}

export function button(host: ParentNode, name: string): HTMLButtonElement {
  const found = [...host.querySelectorAll("button")].find(
    (element) => (element.getAttribute("aria-label") ?? element.textContent).trim() === name,
  );
  if (found === undefined) throw new Error(`no button named ${name}`);
  return found;
}
