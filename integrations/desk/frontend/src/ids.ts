/** A random id for a message. `crypto.randomUUID` is missing on plain http, where a desk in a company's own net may run. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
