/**
 * Keeps the page exactly as high as what the keyboard leaves free. Browsers that honour `interactive-widget` need no
 * help; iOS moves the page up instead, so its visual viewport is followed. Set through CSSOM, which the CSP allows.
 */
export function followViewport(): void {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const root = document.documentElement;
  const follow = (): void => {
    const keyboard = window.innerHeight - viewport.height > 80 && viewport.scale < 1.05;
    if (keyboard) {
      root.style.setProperty("--app-height", `${viewport.height}px`);
      window.scrollTo(0, 0);
    } else {
      root.style.removeProperty("--app-height");
    }
  };
  viewport.addEventListener("resize", follow);
}
