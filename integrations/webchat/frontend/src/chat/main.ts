import { createApp } from "vue";

import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/chat.css";
import App from "./App.vue";
import { chatKey, createChat } from "./composables/chat";
import { followViewport } from "./viewport";
import { browserStore } from "../lib/storage";

const chat = createChat(browserStore());
followViewport();
createApp(App).provide(chatKey, chat).mount("#app");
chat.start();
