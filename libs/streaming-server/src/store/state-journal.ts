import type { MessageLog } from './message-log.js';

/** A registered client. */
export interface ClientRecord {
  readonly clientId: string;
  readonly heartbeatInbox: string;
  readonly connectionId: string;
}

/** A position in a channel: of a plain subscription, a durable, or a queue group. `''`: not that kind. */
export interface CursorRecord {
  readonly cursorId: number;
  readonly channel: string;
  /** The owner of a plain or durable subscription; `''` for a queue group. */
  readonly clientId: string;
  readonly durableName: string;
  readonly queue: string;
  /** Last sequence that was sent to anybody. */
  readonly lastSent: number;
}

/** A subscriber at a cursor. */
export interface MemberRecord {
  readonly memberId: number;
  readonly cursorId: number;
  readonly clientId: string;
  readonly inbox: string;
  readonly ackInbox: string;
  readonly maxInFlight: number;
  readonly ackWaitSeconds: number;
}

/** A cursor as it was left, with the sequences that were sent and not acknowledged. */
export interface RecoveredCursor extends CursorRecord {
  readonly pending: readonly number[];
  readonly members: readonly MemberRecord[];
}

export interface RecoveredState {
  readonly clients: readonly ClientRecord[];
  readonly channels: ReadonlyMap<string, MessageLog>;
  readonly cursors: readonly RecoveredCursor[];
}

/** Notes who is connected and how far each subscription is. Everything becomes safe with the store's next flush. */
export interface StateJournal {
  saveClient(client: ClientRecord): void;
  removeClient(clientId: string): void;
  saveCursor(cursor: CursorRecord): void;
  removeCursor(cursorId: number): void;
  saveMember(member: MemberRecord): void;
  removeMember(memberId: number): void;
  sent(cursorId: number, sequence: number): void;
  acknowledged(cursorId: number, sequence: number): void;
}

export const EMPTY_STATE: RecoveredState = { clients: [], channels: new Map(), cursors: [] };

/** For a store that forgets: notes nothing. */
export const FORGETFUL_JOURNAL: StateJournal = {
  saveClient: () => undefined,
  removeClient: () => undefined,
  saveCursor: () => undefined,
  removeCursor: () => undefined,
  saveMember: () => undefined,
  removeMember: () => undefined,
  sent: () => undefined,
  acknowledged: () => undefined,
};
