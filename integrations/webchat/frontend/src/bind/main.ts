import { createApp } from "vue";

import "../styles/tokens.css";
import "../styles/base.css";
import { browserStore } from "../lib/storage";
import App from "./App.vue";
import { visitOf } from "./visit";

const kept = browserStore(() => window.sessionStorage);
const remembered = browserStore();
const visit = visitOf(window.location, kept);
// The ticket leaves the address, so that a page passed on or kept as a bookmark holds none.
window.history.replaceState(null, "", window.location.pathname + window.location.search);
createApp(App, { visit, remembered }).mount("#app");
