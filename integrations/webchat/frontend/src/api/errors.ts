import { texts } from "../texts";

/** The server refused: `message` is its Chinese sentence, made to be shown. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Whether the same request may succeed later (session being renewed, busy, restarting, too often). */
  get isPassing(): boolean {
    return this.status === 401 || this.status === 408 || this.status === 425 || this.status === 429 || this.status >= 500;
  }
}

/** No answer at all: offline, refused connection, time limit. */
export class NetworkError extends Error {
  constructor() {
    super(texts.errors.network);
    this.name = "NetworkError";
  }
}

/** The sentence to show for any failure; nothing technical gets through. */
export function sentenceOf(error: unknown): string {
  return error instanceof ApiError || error instanceof NetworkError ? error.message : texts.errors.unknown;
}

/** Whether it makes sense to send the same request again by itself. */
export function mayPass(error: unknown): boolean {
  return error instanceof NetworkError || (error instanceof ApiError && error.isPassing);
}

interface ErrorBody {
  error?: { code?: unknown; message?: unknown };
}

/** Reads `{"error": {"code", "message"}}`; anything else (a proxy's HTML page) becomes a general sentence. */
export function apiErrorOf(status: number, body: string, retryAfter: string | null): ApiError {
  let code = "unknown";
  let message: string = status === 413 ? texts.errors.tooLarge : texts.errors.unknown;
  try {
    const { error } = JSON.parse(body) as ErrorBody;
    if (typeof error?.code === "string") code = error.code;
    if (typeof error?.message === "string" && error.message !== "") message = error.message;
  } catch {
    // Not JSON: the general sentence stays.
  }
  const seconds = Number(retryAfter);
  return new ApiError(status, code, message, retryAfter !== null && seconds > 0 ? seconds : null);
}
