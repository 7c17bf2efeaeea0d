/** The few things this page remembers. In a frame whose storage the browser blocks, memory takes over. */
export interface Store {
  get: (key: string) => string | null;
  set: (key: string, value: string) => void;
  remove: (key: string) => void;
  keys: () => string[];
}

const PREFIX = "guanjia.webchat.";

export function memoryStore(): Store {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
    keys: () => [...values.keys()],
  };
}

/** localStorage under this page's prefix, shadowed by memory so that a full or forbidden storage loses nothing now. */
export function browserStore(storage: () => Storage = () => window.localStorage): Store {
  const memory = memoryStore();
  let kept: Storage;
  try {
    kept = storage();
    kept.getItem(PREFIX);
  } catch {
    return memory;
  }
  return {
    get: (key) => kept.getItem(PREFIX + key) ?? memory.get(key),
    set(key, value) {
      try {
        kept.setItem(PREFIX + key, value);
        memory.remove(key);
      } catch {
        memory.set(key, value);
      }
    },
    remove(key) {
      kept.removeItem(PREFIX + key);
      memory.remove(key);
    },
    keys() {
      const stored = Array.from({ length: kept.length }, (_, index) => kept.key(index) ?? "");
      return [...stored.filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)), ...memory.keys()];
    },
  };
}

/** The full key as it stands in localStorage, for `storage` events of other tabs. */
export const storageKey = (key: string): string => PREFIX + key;

export function readJson(store: Store, key: string): unknown {
  const text = store.get(key);
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
