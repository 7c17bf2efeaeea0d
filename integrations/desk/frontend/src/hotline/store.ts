import { computed, reactive } from "vue";

import type { DeskApi } from "../api/client";
import type { Agent } from "../api/types";
import { coalesce } from "../stores/coalesce";
import { createHotlineApi } from "./api";
import { createCalls } from "./calls";
import { createListening } from "./listening";
import { createPlayer } from "./player";
import type { Call, Figures, HotlineState, LiveCall, NewTask, OptOut, Prompt, Task } from "./types";

export type Section = "live" | "recent" | "figures" | "state" | "prompts" | "outbound" | "optOuts";

const EVERYBODY: Section[] = ["live"];
const SUPERVISORS: Section[] = ["live", "recent", "figures", "state", "prompts", "outbound", "optOuts"];
export const PERIODS = [1, 7, 30] as const;

interface State {
  section: Section;
  /** False from the first time that the hotline did not answer until it does again. */
  reachable: boolean;
  /** The sections whose content has come once. */
  known: Section[];
  enabled: boolean;
  live: LiveCall[];
  recent: Call[];
  /** What to ask older calls with, null where there are none. */
  older: number | null;
  days: number;
  figures: Figures | null;
  service: HotlineState | null;
  prompts: Prompt[] | null;
  tasks: Task[] | null;
  optOuts: OptOut[] | null;
}

function empty(): State {
  return {
    section: "live",
    reachable: true,
    known: [],
    enabled: true,
    live: [],
    recent: [],
    older: null,
    days: 1,
    figures: null,
    service: null,
    prompts: null,
    tasks: null,
    optOuts: null,
  };
}

/** Everything the page of the hotline shows. Whoever calls a method hears by its rejection that it was refused. */
export function createHotline(desk: DeskApi, agent: () => Agent | null) {
  const api = createHotlineApi(desk);
  const calls = createCalls(api);
  const player = createPlayer();
  const listening = createListening();
  const state = reactive(empty());
  const supervises = computed(() => ["supervisor", "admin"].includes(agent()?.role ?? ""));
  const administers = computed(() => agent()?.role === "admin");
  const sections = computed(() => (supervises.value ? SUPERVISORS : EVERYBODY));

  async function loadLive(): Promise<void> {
    const now = await api.live();
    state.live = now.calls;
    state.enabled = now.enabled;
  }

  /** The newest calls again; the older ones that were asked for stay below them. */
  async function loadRecent(): Promise<void> {
    const page = await api.recent(null);
    const last = page.calls.at(-1)?.started_at ?? "";
    const known = new Set(page.calls.map((call) => call.id));
    const below = state.recent.filter((call) => !known.has(call.id) && call.started_at <= last);
    if (below.length === 0) state.older = page.before;
    state.recent = [...page.calls, ...below];
  }

  async function loadOlder(): Promise<void> {
    if (state.older === null) return;
    const page = await api.recent(state.older);
    state.recent = [...state.recent, ...page.calls];
    state.older = page.before;
  }

  async function loadFigures(days: number = state.days): Promise<void> {
    state.days = days;
    const figures = await api.figures(days);
    // Another period may have been asked for meanwhile.
    if (state.days === figures.days) state.figures = figures;
  }

  async function loadState(): Promise<void> {
    state.service = await api.state();
  }

  const loaders: Record<Section, () => Promise<void>> = {
    live: loadLive,
    recent: loadRecent,
    figures: () => loadFigures(),
    state: loadState,
    prompts: async () => {
      state.prompts = await api.prompts();
    },
    outbound: async () => {
      state.tasks = await api.tasks();
    },
    optOuts: async () => {
      state.optOuts = await api.optOuts();
    },
  };

  /** What is on the screen, again; the state of the speech service is on every section's screen. */
  const refresh = coalesce(async () => {
    const section = sections.value.includes(state.section) ? state.section : "live";
    try {
      await Promise.all([loaders[section](), supervises.value && section !== "state" ? loadState() : null]);
      state.reachable = true;
      if (!state.known.includes(section)) state.known.push(section);
    } catch {
      state.reachable = false;
    }
  });

  async function show(section: Section): Promise<void> {
    state.section = section;
    await refresh();
  }

  function keepPrompt(changed: Prompt): void {
    state.prompts = state.prompts?.map((one) => (one.name === changed.name ? changed : one)) ?? null;
  }

  function keepTask(changed: Task): void {
    state.tasks = state.tasks?.map((one) => (one.id === changed.id ? changed : one)) ?? null;
  }

  async function setPrompt(name: string, text: string | null): Promise<void> {
    keepPrompt(await api.setPrompt(name, text));
  }

  async function uploadPrompt(name: string, file: Blob): Promise<void> {
    keepPrompt(await api.uploadPrompt(name, file));
  }

  async function removePrompt(name: string): Promise<void> {
    keepPrompt(await api.removePrompt(name));
  }

  async function createTask(task: NewTask): Promise<void> {
    const created = await api.createTask(task);
    state.tasks = [created, ...(state.tasks ?? [])];
  }

  async function releaseTask(id: string, confirmDebt: boolean): Promise<void> {
    keepTask(await api.releaseTask(id, confirmDebt));
  }

  async function cancelTask(id: string): Promise<void> {
    keepTask(await api.cancelTask(id));
  }

  async function addOptOut(number: string): Promise<void> {
    const added = await api.addOptOut(number);
    state.optOuts = [added, ...(state.optOuts ?? []).filter((one) => one.id !== added.id)];
  }

  async function removeOptOut(id: number): Promise<void> {
    await api.removeOptOut(id);
    state.optOuts = state.optOuts?.filter((one) => one.id !== id) ?? null;
  }

  function clear(): void {
    player.stop();
    listening.stop();
    calls.clear();
    Object.assign(state, empty());
  }

  return {
    api,
    calls,
    player,
    listening,
    state,
    supervises,
    administers,
    sections,
    refresh,
    show,
    loadOlder,
    loadFigures,
    setPrompt,
    uploadPrompt,
    removePrompt,
    createTask,
    releaseTask,
    cancelTask,
    addOptOut,
    removeOptOut,
    clear,
  };
}

export type HotlineStore = ReturnType<typeof createHotline>;
