import { texts } from "../texts";
import { type Place, isFromFrame } from "./place";
import { fromWidget, isFromChat } from "./protocol";
import css from "./widget.css?inline";

/** Whoever used the chat on this site gets its unread count before opening it again. */
const USED = "guanjia.widget.used";
const SVG = "http://www.w3.org/2000/svg";
const BUBBLE = "M4.5 5.5h15v11H11L7 20v-3.5H4.5z";
const CROSS = "M6 6l12 12M18 6 6 18";

export interface WidgetOptions {
  side: "left" | "right";
  label: string;
}

function usedBefore(): boolean {
  try {
    return localStorage.getItem(USED) !== null;
  } catch {
    return false;
  }
}

function rememberUse(): void {
  try {
    localStorage.setItem(USED, "1");
  } catch {
    // The page forbids storage: only the early unread count is lost.
  }
}

/** Styles inside the shadow root only; a constructed sheet passes a host page's strict CSP. */
function style(root: ShadowRoot): void {
  if ("adoptedStyleSheets" in root && "replaceSync" in CSSStyleSheet.prototype) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    return;
  }
  const element = document.createElement("style");
  element.textContent = css;
  root.append(element);
}

/** A floating button and the chat in a frame, in a shadow root of its own: neither side's styles reach the other. */
export class Widget {
  readonly host = document.createElement("div");
  private readonly wrap = document.createElement("div");
  private readonly button = document.createElement("button");
  private readonly shape = document.createElementNS(SVG, "path");
  private readonly badge = document.createElement("span");
  private readonly panel = document.createElement("div");
  private frame: HTMLIFrameElement | null = null;
  private open = false;
  private loaded = false;
  private unread = 0;

  constructor(
    private readonly place: Place,
    options: WidgetOptions,
  ) {
    const root = this.host.attachShadow({ mode: "open" });
    style(root);
    this.host.id = "guanjia-widget";
    this.host.classList.toggle("left", options.side === "left");

    const icon = document.createElementNS(SVG, "svg");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    icon.append(this.shape);
    const label = document.createElement("span");
    label.textContent = options.label;
    this.badge.className = "badge";
    this.badge.setAttribute("aria-hidden", "true");
    this.button.type = "button";
    this.button.className = "launcher";
    this.button.append(icon, label, this.badge);
    this.button.addEventListener("click", () => this.show(!this.open));

    this.panel.className = "panel";
    this.panel.id = "panel";
    this.panel.hidden = true;
    this.panel.setAttribute("role", "dialog");
    this.panel.setAttribute("aria-label", texts.widget.frame);
    this.button.setAttribute("aria-controls", this.panel.id);

    this.wrap.append(this.panel, this.button);
    root.append(this.wrap);
    window.addEventListener("message", (event) => this.hear(event));
    this.host.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.open) this.show(false);
    });
    this.update();
  }

  /** Puts the widget into the page. */
  mount(): void {
    document.body.append(this.host);
    if (usedBefore()) this.load();
  }

  show(open: boolean): void {
    this.open = open;
    if (open) {
      rememberUse();
      this.load();
    }
    this.panel.hidden = !open;
    this.update();
    this.tell();
    if (open) this.frame?.focus();
    else this.button.focus();
  }

  private load(): void {
    if (this.frame !== null) return;
    this.frame = document.createElement("iframe");
    this.frame.title = texts.widget.frame;
    this.frame.src = this.place.frame;
    this.frame.allow = "clipboard-write";
    this.frame.addEventListener("load", () => {
      this.loaded = true;
      this.tell();
    });
    this.panel.append(this.frame);
  }

  private tell(): void {
    // Until it has loaded, the frame is an empty page of the host's own origin.
    if (!this.loaded) return;
    this.frame?.contentWindow?.postMessage(fromWidget({ type: "shown", open: this.open }), this.place.origin);
  }

  private hear(event: MessageEvent): void {
    if (!isFromFrame(event, this.place, this.frame?.contentWindow ?? null) || !isFromChat(event.data)) return;
    const said = event.data;
    if (said.type === "close") this.show(false);
    else if (said.type === "ready") this.wrap.classList.add("ready");
    else {
      this.unread = said.count;
      this.update();
    }
  }

  private update(): void {
    const { open, unread } = this;
    const closedLabel = unread > 0 ? texts.widget.openUnread(unread) : texts.widget.open;
    this.wrap.classList.toggle("open", open);
    this.shape.setAttribute("d", open ? CROSS : BUBBLE);
    this.button.setAttribute("aria-expanded", String(open));
    this.button.setAttribute("aria-label", open ? texts.widget.close : closedLabel);
    this.badge.hidden = open || unread === 0;
    this.badge.textContent = unread > 99 ? texts.widget.many : String(unread);
  }
}
