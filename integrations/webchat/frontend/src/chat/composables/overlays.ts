import { type InjectionKey, type Ref, inject, provide, ref } from "vue";

export interface LargePicture {
  url: string;
  alt: string;
}

/** The windows over the chat: one at a time, opened from anywhere inside it. */
export interface Overlays {
  open: Ref<"bind" | "homes" | "picture" | null>;
  picture: Ref<LargePicture | null>;
  show: (what: "bind" | "homes") => void;
  showPicture: (picture: LargePicture) => void;
  /** A window that closes itself when another one is already open changes nothing. */
  hide: (what: "bind" | "homes" | "picture") => void;
}

export const overlaysKey: InjectionKey<Overlays> = Symbol("overlays");

export function provideOverlays(): Overlays {
  const open: Overlays["open"] = ref(null);
  const picture = ref<LargePicture | null>(null);
  const overlays: Overlays = {
    open,
    picture,
    show(what) {
      open.value = what;
    },
    showPicture(shown) {
      picture.value = shown;
      open.value = "picture";
    },
    hide(what) {
      if (open.value !== what) return;
      open.value = null;
      picture.value = null;
    },
  };
  provide(overlaysKey, overlays);
  return overlays;
}

export function useOverlays(): Overlays {
  const overlays = inject(overlaysKey);
  if (overlays === undefined) throw new Error("useOverlays() outside of the chat page");
  return overlays;
}
