import { createApp } from "vue";

import App from "./App.vue";
import { createDesk, DESK } from "./desk";
import { ElMessage, provideGlobalConfig, zhCn } from "./element";
import "./styles.css";

const app = createApp(App);
// The library's type of this argument is that of the property's definition, not of its value.
provideGlobalConfig({ locale: zhCn } as unknown as Parameters<typeof provideGlobalConfig>[0], app, true);
const desk = createDesk((text) => {
  ElMessage({ type: "warning", message: text, duration: 5_000, grouping: true });
});
app.provide(DESK, desk);
app.mount("#app");
void desk.start();
