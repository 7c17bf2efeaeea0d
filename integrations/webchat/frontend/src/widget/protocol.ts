/** What the embedding page (widget.js) and the chat in its frame say to each other through postMessage. */

interface Shown {
  type: "shown";
  open: boolean;
}

/** The demo page puts an example, a phone number or a code where the resident would type it. */
interface Fill {
  type: "fill";
  what: "text" | "phone" | "code";
  value: string;
}

export type FromWidget = Shown | Fill;

interface Ready {
  type: "ready";
}

interface Unread {
  type: "unread";
  count: number;
}

interface Close {
  type: "close";
}

export type FromChat = Ready | Unread | Close;

const WIDGET = "guanjia-widget";
const CHAT = "guanjia-webchat";

export const fromWidget = (message: FromWidget): FromWidget & { source: string } => ({ source: WIDGET, ...message });
export const fromChat = (message: FromChat): FromChat & { source: string } => ({ source: CHAT, ...message });

type Unknown = Partial<Record<string, unknown>> | null | undefined;

export function isFromWidget(data: unknown): data is FromWidget {
  const message = data as Unknown;
  if (typeof message !== "object" || message?.["source"] !== WIDGET) return false;
  if (message["type"] === "shown") return typeof message["open"] === "boolean";
  const kinds: unknown[] = ["text", "phone", "code"];
  return message["type"] === "fill" && kinds.includes(message["what"]) && typeof message["value"] === "string";
}

export function isFromChat(data: unknown): data is FromChat {
  const message = data as Unknown;
  if (typeof message !== "object" || message?.["source"] !== CHAT) return false;
  if (message["type"] === "unread") return Number.isInteger(message["count"]) && Number(message["count"]) >= 0;
  return message["type"] === "ready" || message["type"] === "close";
}
