import { reactive } from "vue";

import { ApiError, type DeskApi } from "../api/client";
import type { Agent, AgentStatus } from "../api/types";
import { texts } from "../texts";

type Phase = "loading" | "signed_out" | "signed_in" | "unreachable";

/** Who is signed in. */
export function createSession(api: DeskApi) {
  const state = reactive<{ phase: Phase; agent: Agent | null; notice: string }>({ phase: "loading", agent: null, notice: "" });

  function signedOut(notice: string): void {
    state.notice = notice;
    state.agent = null;
    state.phase = "signed_out";
  }

  api.onSignedOut = () => {
    signedOut(state.phase === "signed_in" ? texts.login.again : "");
  };

  api.onAgentChanged = (agent) => {
    state.agent = agent;
  };

  async function restore(): Promise<void> {
    state.phase = "loading";
    try {
      state.agent = (await api.me()).agent;
      state.phase = "signed_in";
    } catch (error) {
      // Not signed in is the ordinary case and has been handled above.
      if (!(error instanceof ApiError && error.status === 401)) state.phase = "unreachable";
    }
  }

  async function login(username: string, password: string): Promise<void> {
    state.agent = (await api.login(username, password)).agent;
    state.notice = "";
    state.phase = "signed_in";
  }

  /** `forget` runs once the server has ended the session and before this page forgets who it was. */
  async function logout(forget: () => void): Promise<void> {
    await api.logout();
    forget();
    signedOut("");
  }

  async function setStatus(status: AgentStatus): Promise<void> {
    state.agent = await api.setStatus(status);
  }

  function update(agent: Agent): void {
    if (state.phase === "signed_in") state.agent = agent;
  }

  return { state, restore, login, logout, setStatus, update };
}

export type Session = ReturnType<typeof createSession>;
