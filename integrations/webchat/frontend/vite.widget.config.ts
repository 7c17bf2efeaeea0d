import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** `/widget.js`: one classic script with a stable name, so that a page embeds the chat with one tag. */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: at("../dist"),
    emptyOutDir: false,
    target: ["es2020", "chrome87", "safari14"],
    lib: {
      entry: at("src/widget/main.ts"),
      formats: ["iife"],
      name: "GuanjiaWebchat",
      fileName: () => "widget.js",
    },
  },
});
