// vue-tsc reads the components themselves; this is for tools that do not (eslint's type information).
declare module "*.vue" {
  import type { DefineComponent } from "vue";

  const component: DefineComponent;
  export default component;
}
