import type { ClientRecord, CursorRecord, MemberRecord } from '../state-journal.js';

/** One change of the state, as it is written to the file. */
export type StateChange =
  | { readonly type: 'server'; readonly format: number; readonly clusterId: string }
  | { readonly type: 'channel'; readonly channelId: number; readonly name: string }
  | { readonly type: 'client'; readonly client: ClientRecord }
  | { readonly type: 'clientRemoved'; readonly clientId: string }
  | { readonly type: 'cursor'; readonly cursor: CursorRecord }
  | { readonly type: 'cursorRemoved'; readonly cursorId: number }
  | { readonly type: 'member'; readonly member: MemberRecord }
  | { readonly type: 'memberRemoved'; readonly memberId: number }
  | PositionChange;

/** How far a cursor is: what was sent and what was acknowledged since the last such change. */
export interface PositionChange {
  readonly type: 'position';
  readonly cursorId: number;
  readonly lastSent: number;
  readonly acknowledged: readonly number[];
}

interface CursorImage {
  record: CursorRecord;
  lastSent: number;
  readonly pending: Set<number>;
  readonly members: Map<number, MemberRecord>;
}

/** What all changes together come to. The same code builds it while the server runs and when it starts again. */
export class StateImage {
  clusterId: string | undefined;
  format: number | undefined;
  readonly channels = new Map<string, number>();
  readonly clients = new Map<string, ClientRecord>();
  readonly cursors = new Map<number, CursorImage>();
  private readonly cursorOfMember = new Map<number, number>();

  apply(change: StateChange): void {
    switch (change.type) {
      case 'server':
        this.clusterId = change.clusterId;
        this.format = change.format;
        break;
      case 'channel':
        this.channels.set(change.name, change.channelId);
        break;
      case 'client':
        this.clients.set(change.client.clientId, change.client);
        break;
      case 'clientRemoved':
        this.clients.delete(change.clientId);
        break;
      case 'cursor': {
        const { cursorId, lastSent } = change.cursor;
        this.cursors.set(cursorId, {
          record: change.cursor,
          lastSent,
          pending: new Set(),
          members: new Map(),
        });
        break;
      }
      case 'cursorRemoved':
        this.cursors.delete(change.cursorId);
        break;
      case 'member':
        this.cursors.get(change.member.cursorId)?.members.set(change.member.memberId, change.member);
        this.cursorOfMember.set(change.member.memberId, change.member.cursorId);
        break;
      case 'memberRemoved':
        this.cursors.get(this.cursorOfMember.get(change.memberId) ?? 0)?.members.delete(change.memberId);
        this.cursorOfMember.delete(change.memberId);
        break;
      case 'position':
        this.move(change);
        break;
    }
  }

  sent(cursorId: number, sequence: number): void {
    const cursor = this.cursors.get(cursorId);
    if (cursor === undefined) return;
    for (let next = cursor.lastSent + 1; next <= sequence; next++) cursor.pending.add(next);
    cursor.lastSent = Math.max(cursor.lastSent, sequence);
  }

  acknowledged(cursorId: number, sequence: number): void {
    this.cursors.get(cursorId)?.pending.delete(sequence);
  }

  /** The fewest changes that lead to this state. */
  *changes(format: number): Generator<StateChange> {
    yield { type: 'server', format, clusterId: this.clusterId ?? '' };
    for (const [name, channelId] of this.channels) yield { type: 'channel', channelId, name };
    for (const client of this.clients.values()) yield { type: 'client', client };
    for (const { record, lastSent, pending, members } of this.cursors.values()) {
      yield* cursorChanges(record, lastSent, pending);
      for (const member of members.values()) yield { type: 'member', member };
    }
  }

  private move({ cursorId, lastSent, acknowledged }: PositionChange): void {
    this.sent(cursorId, lastSent);
    for (const sequence of acknowledged) this.acknowledged(cursorId, sequence);
  }
}

/** A cursor begins before its oldest pending message; what was acknowledged in between is then settled again. */
function* cursorChanges(
  record: CursorRecord,
  lastSent: number,
  pending: ReadonlySet<number>,
): Generator<StateChange> {
  const start = Math.min(lastSent, ...[...pending].slice(0, 1).map((first) => first - 1));
  yield { type: 'cursor', cursor: { ...record, lastSent: start } };
  const acknowledged: number[] = [];
  for (let sequence = start + 1; sequence <= lastSent; sequence++) {
    if (!pending.has(sequence)) acknowledged.push(sequence);
  }
  if (lastSent > start) yield { type: 'position', cursorId: record.cursorId, lastSent, acknowledged };
}
