/** What the desk's HTTP interface sends (integrations/desk/schemas.py). Times are ISO 8601 with zone, money is 分. */

export type AgentStatus = "online" | "away" | "offline";

export interface Agent {
  id: number;
  username: string;
  display_name: string;
  role: "agent" | "supervisor" | "admin";
  status: AgentStatus;
  active: number;
  max_active: number;
}

export interface SignedIn {
  agent: Agent;
  csrf_token: string;
}

export type ConversationState = "bot" | "waiting" | "human" | "rating" | "closed";
export type Author = "resident" | "bot" | "agent" | "system";

/** What the newest message is when it has no text to show. */
export type PreviewKind = "text" | "picture" | "card";

/** An entry of the waiting queue; the name is empty for a resident who is not verified. */
export interface QueueItem {
  id: number;
  conversation_id: string;
  channel: string;
  kind: "chat" | "callback";
  reason: string;
  resident_name: string;
  home: string | null;
  preview: string;
  preview_kind: PreviewKind;
  waiting_since: string;
}

/** A conversation as the lists show it. */
export interface Conversation {
  id: string;
  channel: string;
  state: ConversationState;
  agent_id: number | null;
  agent_name: string | null;
  resident_name: string;
  home: string | null;
  /** What to take, while somebody waits in it. */
  queue_item_id: number | null;
  /** An alarm was raised in it: an agent may step in without the queue. */
  may_join: boolean;
  /** Since when the resident has been waiting for the agent's answer. */
  awaiting_since: string | null;
  last_seq: number;
  last_resident_seq: number;
  last_at: string;
  preview: string;
  preview_kind: PreviewKind;
  opened_at: string;
  closed_at: string | null;
}

export interface Alarm {
  id: number;
  conversation_id: string | null;
  ticket_number: string | null;
  kind: string;
  text: string;
  home: string | null;
  raised_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
}

export interface Overview {
  now: string;
  agent: Agent;
  waiting: QueueItem[];
  mine: Conversation[];
  alarms: Alarm[];
  others: Conversation[];
}

export interface BillLine {
  label: string;
  amount_fen: number;
  state: string;
  due_on: string | null;
  late_fee_fen: number;
}

export type Block =
  | { kind: "text"; text: string }
  | { kind: "choices"; prompt: string | null; options: { id: string; title: string }[] }
  | { kind: "bill_card"; title: string; home: string | null; total_fen: number; lines: BillLine[] }
  | {
      kind: "ticket_card";
      number: string;
      title: string;
      state: string;
      state_text: string;
      home: string | null;
      appointment: string | null;
      technician: string | null;
      events: { at: string; text: string }[];
    }
  | {
      kind: "notice_card";
      title: string;
      body: string;
      starts_at: string | null;
      ends_at: string | null;
      notice_kind: string;
    }
  | { kind: "picture"; url: string; alt: string }
  | { kind: "link"; title: string; url: string }
  | { kind: "rating"; prompt: string; subject: string; reference: string }
  | { kind: "ask"; value: string; prompt: string | null }
  | { kind: "bind"; prompt: string }
  | { kind: "emergency"; text: string; phones: { label: string; number: string }[] }
  | { kind: "system"; text: string; event: string };

export type BlockOf<Kind extends Block["kind"]> = Extract<Block, { kind: Kind }>;

export interface Message {
  conversation_id: string;
  seq: number;
  direction: "in" | "out";
  author: Author;
  author_name: string | null;
  at: string;
  client_message_id: string | null;
  text: string;
  upload_ids: string[];
  blocks: Block[];
  reply_to_seq: number | null;
  /** For agents only: the resident never sees it. */
  note: boolean;
  /** Whether an outgoing message has reached the resident's channel; `waiting`: it goes out when they write again. */
  delivery: "pending" | "delivered" | "waiting" | "failed" | null;
  /** Why not, as a code; `unconfirmed` where nobody knows. */
  reason: string | null;
}

export interface ResidentHome {
  label: string;
  state: string;
  area: string;
  role: string;
}

export interface ResidentBill {
  id: number;
  title: string;
  home: string;
  owed_fen: number;
  state: string;
  overdue: boolean;
  due_on: string;
}

export interface ResidentTicket {
  number: string;
  title: string;
  state: string;
  urgency: string;
  created_at: string;
}

export interface Resident {
  verified: boolean;
  name_masked: string;
  phone_masked: string | null;
  homes: ResidentHome[];
  arrears_fen: number;
  bills: ResidentBill[];
  tickets: ResidentTicket[];
  past: Conversation[];
}

/** What may still be sent to the resident, and what else is left where nothing may. */
export interface Reach {
  /** The channel allows so many messages for so long after the resident wrote. */
  limited: boolean;
  left: number | null;
  closes_at: string | null;
  can_reply: boolean;
  /** A template message can ask the resident back. */
  template: boolean;
  /** The resident's number is known. */
  phone: boolean;
  /** A text becomes one message for each so many UTF-8 bytes. */
  part_bytes: number | null;
  /** The resident was asked back lately; from then on it may be done again. */
  invite_again_at: string | null;
  invite: "pending" | "sent" | "failed" | null;
}

export interface ConversationDetail {
  conversation: Conversation;
  messages: Message[];
  resident: Resident;
  reach: Reach;
}

export interface MessagePage {
  messages: Message[];
  conversation: Conversation;
  reach: Reach;
}
