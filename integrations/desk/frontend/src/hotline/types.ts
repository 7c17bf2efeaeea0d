/** What the hotline's HTTP interface sends (integrations/desk/hotline_schemas.py). Numbers of callers come masked. */

export type CallState = "ringing" | "talking" | "waiting" | "with_agent" | "voicemail" | "ended";

export interface LiveCall {
  id: string;
  direction: "in" | "out";
  transport: string;
  number_masked: string | null;
  state: CallState;
  since: string;
  conversation_id: string | null;
  agent_name: string | null;
  last_heard: string;
  listeners: number;
  can_listen: boolean;
}

export interface LiveCalls {
  now: string;
  enabled: boolean;
  calls: LiveCall[];
}

export interface Call {
  id: string;
  direction: "in" | "out";
  transport: string;
  number_masked: string | null;
  conversation_id: string | null;
  agent_name: string | null;
  state: CallState;
  outcome: string | null;
  started_at: string;
  answered_at: string | null;
  agent_at: string | null;
  ended_at: string | null;
  rating: number | null;
  /** False where the call went by keys because the speech service was away. */
  speech_ok: boolean;
}

export interface CallPage {
  calls: Call[];
  before: number | null;
}

/** What was heard at one moment; `seq` is the message it became. */
export interface Heard {
  seq: number | null;
  at: string;
  text: string;
  confidence: number;
  low: boolean;
  seconds: number;
  recording_id: string | null;
  refused: string | null;
}

export interface Voicemail {
  id: string;
  seconds: number;
  created_at: string;
  expires_at: string | null;
  transcript: string;
  ticket_number: string | null;
}

export interface ConversationCalls {
  now: string;
  calls: Call[];
  heard: Heard[];
  voicemails: Voicemail[];
  number_masked: string | null;
}

/** Shares are 0 to 1, null where nothing can be said yet. */
export interface Figures {
  days: number;
  calls: number;
  answered: number;
  connection_rate: number | null;
  answered_in_time: number | null;
  self_served: number | null;
  to_agent: number | null;
  voicemail: number;
  abandoned: number;
  handling_seconds: number | null;
  wait_seconds: number | null;
}

export type SpeechState = "ok" | "down" | "off";

export interface HotlineState {
  enabled: boolean;
  calls: number;
  most_calls: number;
  recogniser: SpeechState;
  voice: SpeechState;
  transports: { name: string; ok: boolean; detail: string }[];
  keep_days: number | null;
  outbound: boolean;
}

export interface Prompt {
  name: string;
  text: string;
  original: string;
  changed: boolean;
  recorded: boolean;
  recordable: boolean;
  playable: boolean;
}

export type ReminderKind = "appointment" | "outage" | "debt";

export interface Task {
  id: string;
  kind: "callback" | ReminderKind;
  number_masked: string;
  text: string;
  state: string;
  not_before: string | null;
  next_at: string | null;
  attempts: number;
  outcome: string | null;
  created_by: string | null;
  released_by: string | null;
  released_at: string | null;
  created_at: string;
}

export interface NewTask {
  kind: ReminderKind;
  number: string;
  text: string;
  not_before: string | null;
}

export interface OptOut {
  id: number;
  number_masked: string;
  since: string;
  source: string;
}
