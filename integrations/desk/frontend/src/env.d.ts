/// <reference types="vite/client" />

// For typescript-eslint, which does not read single-file components; vue-tsc does.
declare module "*.vue" {
  import type { Component } from "vue";
  const component: Component;
  export default component;
}
