import { fileURLToPath } from "node:url";

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The pages: `/` (demo page), `/webchat/` (the chat, also inside the widget's frame), `/bind` (opened by WeChat). */
export default defineConfig({
  plugins: [vue()],
  build: {
    outDir: at("../dist"),
    emptyOutDir: true,
    // Residents' phones: WeChat's built-in browser and system browsers of about 2020 on.
    target: ["es2020", "chrome87", "safari14"],
    // No data: addresses in the style sheets, the page's CSP has to stay simple.
    assetsInlineLimit: 0,
    rolldownOptions: { input: { demo: at("index.html"), webchat: at("webchat/index.html"), bind: at("bind.html") } },
  },
  server: {
    proxy: {
      "/api": "http://127.0.0.1:8080",
      "/desk": "http://127.0.0.1:8080",
      "/realtime": { target: "ws://127.0.0.1:8080", ws: true },
    },
  },
  test: {
    environment: "happy-dom",
    environmentOptions: { happyDOM: { settings: { enableIframePageLoading: true } } },
    include: ["tests/**/*.test.ts"],
    restoreMocks: true,
  },
});
