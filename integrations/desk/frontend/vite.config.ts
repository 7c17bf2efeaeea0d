import { fileURLToPath } from "node:url";

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** One page, mounted by the server at `/desk/`. */
export default defineConfig({
  base: "/desk/",
  plugins: [vue()],
  build: {
    outDir: at("../dist"),
    emptyOutDir: true,
    target: ["es2022", "chrome103", "safari16"],
    // No data: addresses, the page's CSP has to stay simple.
    assetsInlineLimit: 0,
    // Element Plus and Vue in one file of their own: it stays in the browser's cache when the desk changes.
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: "vendor", test: /node_modules/ }] },
      },
    },
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: {
      "/api": "http://127.0.0.1:8080",
      "/realtime": { target: "ws://127.0.0.1:8080", ws: true },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.ts"],
    restoreMocks: true,
    // Element Plus imports its style sheets; a test needs none.
    css: false,
  },
});
