import { ApiError, NetworkError, apiErrorOf } from "./errors";

/** Longest wait for a small answer; a phone that changes from Wi-Fi to mobile leaves requests hanging. */
const TIME_LIMIT_MS = 15_000;
const UPLOAD_TIME_LIMIT_MS = 120_000;

export interface Credentials {
  token: () => string | null;
  /** Called on 401; true when there is a new token and the request is worth repeating. */
  renew: (refused: string | null) => Promise<boolean>;
  /** Told after every request whether the server answered at all. */
  reached: (answered: boolean) => void;
  /** The server's cookies go with it, where a token counts only in the browser that it was made for. */
  withCookies?: boolean;
}

export interface Http {
  get: <T>(path: string) => Promise<T>;
  post: <T>(path: string, body?: unknown) => Promise<T>;
  delete: <T>(path: string) => Promise<T>;
  blob: (path: string) => Promise<Blob>;
  upload: <T>(path: string, file: Blob, name: string, progress: (share: number) => void, stop: AbortSignal) => Promise<T>;
}

async function plain(path: string, init: RequestInit, withCookies = false): Promise<Response> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIME_LIMIT_MS);
  try {
    const cookies = withCookies ? "same-origin" : "omit";
    return await fetch(path, { ...init, signal: stop.signal, credentials: cookies, cache: "no-store" });
  } catch {
    throw new NetworkError();
  } finally {
    clearTimeout(timer);
  }
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const body = await response.text().catch(() => "");
  throw apiErrorOf(response.status, body, response.headers.get("Retry-After"));
}

async function json<T>(response: Response): Promise<T> {
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw new NetworkError();
  }
}

/** Requests without a session (config, new session, demo inbox). */
export async function getJson<T>(path: string): Promise<T> {
  return json<T>(await checked(await plain(path, {})));
}

export async function postJson<T>(path: string, body: unknown): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return json<T>(await checked(await plain(path, { method: "POST", headers, body: JSON.stringify(body) })));
}

/** Requests with the session's token; one 401 is answered with a new session and one repetition. */
export function createHttp(credentials: Credentials): Http {
  async function withToken<T>(attempt: (token: string | null) => Promise<T>): Promise<T> {
    const token = credentials.token();
    try {
      const answer = await attempt(token);
      credentials.reached(true);
      return answer;
    } catch (error) {
      credentials.reached(!(error instanceof NetworkError));
      if (!(error instanceof ApiError) || error.status !== 401 || !(await credentials.renew(token))) throw error;
      return attempt(credentials.token());
    }
  }

  function request(path: string, init: RequestInit): Promise<Response> {
    return withToken(async (token) => {
      const headers = new Headers(init.headers);
      if (token !== null) headers.set("Authorization", `Bearer ${token}`);
      return checked(await plain(path, { ...init, headers }, credentials.withCookies));
    });
  }

  return {
    async get<T>(path: string) {
      return json<T>(await request(path, {}));
    },
    async post<T>(path: string, body: unknown = {}) {
      const headers = { "Content-Type": "application/json" };
      return json<T>(await request(path, { method: "POST", headers, body: JSON.stringify(body) }));
    },
    async delete<T>(path: string) {
      return json<T>(await request(path, { method: "DELETE" }));
    },
    async blob(path) {
      return (await request(path, {})).blob();
    },
    upload<T>(path: string, file: Blob, name: string, progress: (share: number) => void, stop: AbortSignal) {
      return withToken((token) => uploadOnce<T>(path, token, file, name, progress, stop));
    },
  };
}

/** fetch() tells nothing about the progress of a request's body, XMLHttpRequest does. */
function uploadOnce<T>(
  path: string,
  token: string | null,
  file: Blob,
  name: string,
  progress: (share: number) => void,
  stop: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.timeout = UPLOAD_TIME_LIMIT_MS;
    if (token !== null) request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    const lost = (): void => reject(new NetworkError());
    request.onerror = lost;
    request.ontimeout = lost;
    request.onabort = lost;
    request.onload = () => {
      if (request.status < 200 || request.status >= 300) {
        reject(apiErrorOf(request.status, request.responseText, request.getResponseHeader("Retry-After")));
        return;
      }
      try {
        resolve(JSON.parse(request.responseText) as T);
      } catch {
        lost();
      }
    };
    stop.addEventListener("abort", () => request.abort(), { once: true });
    const form = new FormData();
    form.append("file", file, name);
    request.send(form);
  });
}
