/** Where the chat lives, told by the address this script was loaded from. */
export interface Place {
  origin: string;
  frame: string;
}

/**
 * `https://chat.example/widget.js?v=3` → the chat at `https://chat.example/webchat/`. Null when the address is none of
 * the web's: the script was pasted into a page instead of being loaded from the server.
 */
export function placeOf(scriptAddress: string | null | undefined): Place | null {
  if (!scriptAddress) return null;
  let address: URL;
  try {
    address = new URL(scriptAddress);
  } catch {
    return null;
  }
  if (address.protocol !== "https:" && address.protocol !== "http:") return null;
  return { origin: address.origin, frame: new URL("webchat/", `${address.origin}${address.pathname}`).href };
}

/** Whether a message of the page's `message` event was said by our own frame. */
export function isFromFrame(
  event: Pick<MessageEvent, "origin" | "source">,
  place: Place,
  frame: MessageEventSource | null,
): boolean {
  return frame !== null && event.source === frame && event.origin === place.origin;
}
