/** `<script src="https://chat.example/widget.js" async></script>`; options: `data-side="left"`, `data-label="…"`. */
import { texts } from "../texts";
import { placeOf } from "./place";
import { Widget } from "./widget";

const script =
  document.currentScript instanceof HTMLScriptElement
    ? document.currentScript
    : document.querySelector<HTMLScriptElement>('script[src*="/widget.js"]');
const place = placeOf(script?.src);

function start(): void {
  // A tag manager may run the tag twice.
  if (place === null || document.getElementById("guanjia-widget") !== null) return;
  const { side, label } = script?.dataset ?? {};
  new Widget(place, { side: side === "left" ? "left" : "right", label: label ?? texts.widget.label }).mount();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start, { once: true });
else start();
