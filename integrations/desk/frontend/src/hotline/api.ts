import type { DeskApi } from "../api/client";
import type {
  CallPage,
  ConversationCalls,
  Figures,
  HotlineState,
  LiveCalls,
  NewTask,
  OptOut,
  Prompt,
  Task,
} from "./types";

/** The hotline's part of the desk's HTTP interface. */
export function createHotlineApi(api: Pick<DeskApi, "call">) {
  return {
    live: () => api.call<LiveCalls>("GET", "/hotline/live"),
    recent: (before: number | null) => api.call<CallPage>("GET", before === null ? "/hotline/calls" : `/hotline/calls?before=${before}`),
    figures: (days: number) => api.call<Figures>("GET", `/hotline/figures?days=${days}`),
    state: () => api.call<HotlineState>("GET", "/hotline/state"),

    prompts: () => api.call<Prompt[]>("GET", "/hotline/prompts"),
    setPrompt: (name: string, text: string | null) => api.call<Prompt>("PUT", `/hotline/prompts/${name}`, { text }),
    uploadPrompt: (name: string, file: Blob) => {
      const form = new FormData();
      form.append("file", file);
      return api.call<Prompt>("PUT", `/hotline/prompts/${name}/recording`, form);
    },
    removePrompt: (name: string) => api.call<Prompt>("DELETE", `/hotline/prompts/${name}/recording`, {}),

    tasks: () => api.call<Task[]>("GET", "/hotline/outbound"),
    createTask: (task: NewTask) => api.call<Task>("POST", "/hotline/outbound", task),
    releaseTask: (id: string, confirmDebt: boolean) =>
      api.call<Task>("POST", `/hotline/outbound/${id}/release`, { confirm_debt: confirmDebt }),
    cancelTask: (id: string) => api.call<Task>("POST", `/hotline/outbound/${id}/cancel`, {}),
    optOuts: () => api.call<OptOut[]>("GET", "/hotline/opt-outs"),
    removeOptOut: (id: number) => api.call<undefined>("DELETE", `/hotline/opt-outs/${id}`, {}),
    addOptOut: (number: string) => api.call<OptOut>("POST", "/hotline/opt-outs", { number }),

    ofConversation: (id: string) => api.call<ConversationCalls>("GET", `/conversations/${id}/calls`),
    callBack: (conversationId: string) => api.call<Task>("POST", "/calls/back", { conversation_id: conversationId }),
    phone: () => api.call<{ number: string | null }>("GET", "/me/phone"),
    setPhone: (number: string | null) => api.call<{ number: string | null }>("PUT", "/me/phone", { number }),
  };
}

export type HotlineApi = ReturnType<typeof createHotlineApi>;

export const recordingUrl = (id: string): string => `/api/desk/recordings/${id}`;
export const promptUrl = (name: string): string => `/api/desk/hotline/prompts/${name}/sound`;

/** Where the sound of a call that goes on is listened to. */
export function listenUrl(callId: string): string {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/api/desk/calls/${callId}/listen`;
}
