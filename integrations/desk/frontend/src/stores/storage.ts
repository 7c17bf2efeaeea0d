/** What must survive a reload of the tab. Storage may be full or forbidden (a sandboxed frame): then it is not kept. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const nowhere: Store = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };

/** The tab's own storage: residents' data must not outlive the tab on a shared computer. */
export function tabStore(): Store {
  try {
    return window.sessionStorage;
  } catch {
    return nowhere;
  }
}

export function read<Value>(store: Store, key: string, otherwise: Value): Value {
  try {
    const raw = store.getItem(key);
    return raw === null ? otherwise : (JSON.parse(raw) as Value);
  } catch {
    return otherwise;
  }
}

export function write(store: Store, key: string, value: unknown): void {
  try {
    store.setItem(key, JSON.stringify(value));
  } catch {
    // Full or forbidden: the value lives on in memory.
  }
}
