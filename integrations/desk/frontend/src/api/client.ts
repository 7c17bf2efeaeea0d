import { texts } from "../texts";
import type {
  Agent,
  AgentStatus,
  Alarm,
  Conversation,
  ConversationDetail,
  Message,
  MessagePage,
  Overview,
  Reach,
  SignedIn,
} from "./types";

/** A refusal or failure with a sentence for the agent. `status` is 0 when the server was not reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  /** Whether the same request may succeed later (nothing is known to be wrong with it). */
  get temporary(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export interface Draft {
  client_message_id: string;
  text: string;
}

const PATIENCE_MS = 20_000;

/** The desk's HTTP interface. The session cookie travels by itself; writes carry the CSRF token. */
export class DeskApi {
  private csrfToken = "";
  private agentId: number | null = null;
  /** Called when the server no longer knows the session. */
  onSignedOut: () => void = () => undefined;
  /** Called when another tab of this browser has signed somebody else in. */
  onAgentChanged: (agent: Agent) => void = () => undefined;

  constructor(private readonly fetcher: typeof fetch = (...request) => fetch(...request)) {}

  async me(): Promise<SignedIn> {
    return this.remember(await this.call<SignedIn>("GET", "/me"));
  }

  async login(username: string, password: string): Promise<SignedIn> {
    return this.remember(await this.call<SignedIn>("POST", "/login", { username, password }));
  }

  async logout(): Promise<void> {
    await this.call("POST", "/logout", {});
    this.csrfToken = "";
    this.agentId = null;
  }

  setStatus(status: AgentStatus): Promise<Agent> {
    return this.call("PUT", "/me/status", { status });
  }

  overview(): Promise<Overview> {
    return this.call("GET", "/overview");
  }

  take(itemId: number): Promise<Conversation> {
    return this.call("POST", `/queue/${itemId}/take`, {});
  }

  join(conversationId: string): Promise<Conversation> {
    return this.call("POST", `/conversations/${conversationId}/join`, {});
  }

  conversation(id: string): Promise<ConversationDetail> {
    return this.call("GET", `/conversations/${id}`);
  }

  messages(id: string, afterSeq: number): Promise<MessagePage> {
    return this.call("GET", `/conversations/${id}/messages?after_seq=${afterSeq}`);
  }

  reply(id: string, draft: Draft): Promise<Message> {
    return this.call("POST", `/conversations/${id}/reply`, draft);
  }

  note(id: string, draft: Draft): Promise<Message> {
    return this.call("POST", `/conversations/${id}/notes`, draft);
  }

  returnToBot(id: string): Promise<Conversation> {
    return this.call("POST", `/conversations/${id}/return`, {});
  }

  close(id: string): Promise<Conversation> {
    return this.call("POST", `/conversations/${id}/close`, {});
  }

  /** Ask the resident by a template message to come back. */
  invite(id: string): Promise<Reach> {
    return this.call("POST", `/conversations/${id}/invite`, {});
  }

  /** The resident's whole number; the server records who looked. */
  phone(id: string): Promise<{ phone: string }> {
    return this.call("POST", `/conversations/${id}/phone`, {});
  }

  acknowledge(alarmId: number): Promise<Alarm> {
    return this.call("POST", `/alarms/${alarmId}/acknowledge`, {});
  }

  private remember(signedIn: SignedIn): SignedIn {
    this.csrfToken = signedIn.csrf_token;
    this.agentId = signedIn.agent.id;
    return signedIn;
  }

  /** Any request below `/api/desk`; a write has a body, an object that is sent as JSON or a form. */
  async call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    try {
      return await this.request<Answer>(method, path, body);
    } catch (error) {
      if (error instanceof ApiError && error.code === "csrf" && (await this.isStillMe())) {
        return this.request<Answer>(method, path, body);
      }
      throw error;
    }
  }

  /** A token that does not fit means that this browser signed in again elsewhere; as the same agent that is harmless. */
  private async isStillMe(): Promise<boolean> {
    const before = this.agentId;
    const { agent } = await this.me();
    if (agent.id === before) return true;
    this.onAgentChanged(agent);
    return false;
  }

  private async request<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers: Record<string, string> = { Accept: "application/json" };
    const request: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
    if (body !== undefined) {
      headers["X-CSRF-Token"] = this.csrfToken;
      // A form names its own boundary.
      if (!(body instanceof FormData)) headers["Content-Type"] = "application/json";
      request.body = body instanceof FormData ? body : JSON.stringify(body);
    }
    let response: Response;
    try {
      request.signal = AbortSignal.timeout(PATIENCE_MS);
      response = await this.fetcher(`/api/desk${path}`, request);
    } catch {
      throw new ApiError(0, "unreachable", texts.errors.unreachable);
    }
    if (response.ok) {
      return (response.status === 204 ? undefined : await response.json()) as Answer;
    }
    const error = await refusal(response);
    if (error.status === 401 && error.code !== "sign_in_refused") {
      this.onSignedOut();
    }
    throw error;
  }
}

async function refusal(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    return new ApiError(response.status, error.code, error.message);
  } catch {
    // Not our own form of refusal: a proxy in between, or the server is just starting.
    return new ApiError(response.status, "unreadable", texts.errors.unreachable);
  }
}
