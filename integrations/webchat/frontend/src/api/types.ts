/** What crosses the border to the server: see docs/architecture.md and `property_db/conversations/blocks.py`. */

export type Author = "resident" | "bot" | "agent" | "system";
export type ConversationState = "bot" | "waiting" | "human" | "rating" | "closed";

export interface TextBlock {
  kind: "text";
  text: string;
}

export interface ChoiceOption {
  id: string;
  title: string;
}

export interface ChoicesBlock {
  kind: "choices";
  prompt: string | null;
  options: ChoiceOption[];
}

export interface BillLine {
  label: string;
  amount_fen: number;
  state: string;
  due_on: string | null;
  late_fee_fen: number;
}

export interface BillCardBlock {
  kind: "bill_card";
  title: string;
  home: string | null;
  total_fen: number;
  lines: BillLine[];
}

export interface TicketEvent {
  at: string;
  text: string;
}

export interface TicketCardBlock {
  kind: "ticket_card";
  number: string;
  title: string;
  state: string;
  state_text: string;
  home: string | null;
  appointment: string | null;
  technician: string | null;
  events: TicketEvent[];
}

export interface NoticeCardBlock {
  kind: "notice_card";
  title: string;
  body: string;
  starts_at: string | null;
  ends_at: string | null;
  notice_kind: string;
}

export interface PictureBlock {
  kind: "picture";
  url: string;
  alt: string;
}

export interface LinkBlock {
  kind: "link";
  title: string;
  url: string;
}

export interface RatingBlock {
  kind: "rating";
  prompt: string;
  subject: "conversation" | "ticket";
  reference: string;
}

export type AskedValue = "phone" | "time" | "room" | "text" | "photo" | "code";

export interface AskBlock {
  kind: "ask";
  value: AskedValue;
  prompt: string | null;
}

export interface BindBlock {
  kind: "bind";
  prompt: string;
}

export interface EmergencyPhone {
  label: string;
  number: string;
}

export interface EmergencyBlock {
  kind: "emergency";
  text: string;
  phones: EmergencyPhone[];
}

export interface SystemBlock {
  kind: "system";
  text: string;
  event: string;
}

/** One piece of a logical answer. A newer server may send kinds this page does not know: they are left out. */
export type Block =
  | TextBlock
  | ChoicesBlock
  | BillCardBlock
  | TicketCardBlock
  | NoticeCardBlock
  | PictureBlock
  | LinkBlock
  | RatingBlock
  | AskBlock
  | BindBlock
  | EmergencyBlock
  | SystemBlock;

export interface Message {
  conversation_id: string;
  seq: number;
  direction: "in" | "out";
  author: Author;
  author_name: string | null;
  at: string;
  client_message_id: string | null;
  text: string | null;
  upload_ids: string[] | null;
  blocks: Block[] | null;
  reply_to_seq: number | null;
}

export interface Identity {
  verified: boolean;
  name: string | null;
  homes: string[];
}

export interface NewSession {
  token: string;
  conversation_id: string | null;
  identity: Identity;
}

export interface Me {
  conversation_id: string | null;
  identity: Identity;
  /** The newest few, newest last. */
  conversations: ConversationUpdate[];
}

export interface MessagePage {
  messages: Message[];
  conversation: ConversationUpdate;
}

export interface Choice {
  seq: number;
  id: string;
}

export interface OutgoingMessage {
  client_message_id: string;
  text?: string;
  choice?: Choice;
  upload_ids?: string[];
}

export interface Upload {
  id: string;
  media_type: string;
  width: number;
  height: number;
}

export interface QueuePlace {
  position: number;
  wait_minutes: number | null;
}

/** A conversation as its resident sees it now. */
export interface ConversationUpdate {
  conversation_id: string;
  state: ConversationState;
  last_seq: number;
  queue: QueuePlace | null;
  agent_name: string | null;
}

export interface TypingUpdate {
  conversation_id: string;
  author: Author;
  on: boolean;
}

export interface SiteConfig {
  demo: boolean;
  company_name: string;
  text_limit: number;
  upload_limit_bytes: number;
}

export interface DemoSms {
  phone: string;
  code: string;
  at: string;
}
