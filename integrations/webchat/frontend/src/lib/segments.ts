/** A message's text cut into plain pieces, web addresses and telephone numbers; never HTML. */
export interface Segment {
  text: string;
  href: string | null;
}

// Web addresses; mobile numbers; land lines and five-digit services with area code; service numbers (400/800). A number that is part of a
// longer code (a ticket number, a masked number, an amount) is not one: the characters around decide.
const LINKS = /(https?:\/\/[^\s<>"'，。；、！？）】]+)|(1[3-9]\d{9}|0\d{2,3}-?\d{3,4}-?\d{4}|0\d{2,3}-\d{5}|[48]00-?\d{3}-?\d{4})/g;
const CODE_BEFORE = /[\w*.-]/;
const CODE_AFTER = /[\w*-]/;

export function segments(text: string): Segment[] {
  const found: Segment[] = [];
  let done = 0;
  for (const match of text.matchAll(LINKS)) {
    const [whole, address] = match;
    const end = match.index + whole.length;
    const isAddress = address !== undefined;
    if (!isAddress && (CODE_BEFORE.test(text[match.index - 1] ?? "") || CODE_AFTER.test(text[end] ?? ""))) continue;
    if (match.index > done) found.push({ text: text.slice(done, match.index), href: null });
    found.push({ text: whole, href: isAddress ? whole : telephone(whole) });
    done = end;
  }
  if (done < text.length || found.length === 0) found.push({ text: text.slice(done), href: null });
  return found;
}

export const telephone = (number: string): string => `tel:${number.replace(/[^\d+]/g, "")}`;

/** Links from the server open only where they cannot run a script. */
export function safeAddress(url: string): string | null {
  if (/^\/(?!\/)/.test(url)) return url;
  return /^(https?:\/\/|tel:|mailto:)/i.test(url) ? url : null;
}
