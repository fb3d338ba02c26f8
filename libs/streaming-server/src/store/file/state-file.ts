import { join } from 'node:path';
import { ConfigurationError, StoreDamagedError } from '../../errors.js';
import {
  POSITIONS_WRITE_DELAY_MS,
  STATE_COMPACTION_GROWTH,
  STATE_COMPACTION_MIN_BYTES,
} from '../../limits.js';
import type { Log } from '../../log.js';
import type { StateJournal } from '../state-journal.js';
import type { AppendFile, FileOperations } from './file-operations.js';
import { RecordBuffer, scanRecords } from './records.js';
import { syncOrFail } from './sync-or-fail.js';
import { decodeChange, encodeChange } from './state-codec.js';
import { StateImage, type PositionChange, type StateChange } from './state-image.js';

const FORMAT = 1;
const STATE_NAME = /^state-(\d+)\.log$/;

export interface StateFileOptions {
  readonly files: FileOperations;
  readonly directory: string;
  /** Has the store flush soon: positions wait, but not for ever. */
  readonly requestFlush: () => void;
}

/**
 * Clients, channels and subscriptions in one file of changes, rewritten as `state-<n+1>.log` when most of it is
 * history. Positions and acknowledgements of subscribers need no sync: after a crash acknowledged messages may come
 * again, as from the real server.
 */
export class StateFile implements StateJournal {
  readonly image = new StateImage();
  private waiting: StateChange[] = [];
  private readonly moved = new Map<number, { lastSent: number; acknowledged: number[] }>();
  private file: AppendFile | undefined;
  private generation = 0;
  private writtenBytes = 0;
  private safeBytes = 0;
  private compactedBytes = 0;
  private flushTimer: NodeJS.Timeout | undefined;
  /** A write failed: what the file holds is unknown, so the next flush makes a new one. */
  private broken = false;
  private closed = false;

  constructor(private readonly options: StateFileOptions) {}

  /** Something waits that must be safe before anybody is answered. */
  get dirty(): boolean {
    return this.waiting.length > 0;
  }

  /** Positions wait, which nobody waits for. */
  get moving(): boolean {
    return this.moved.size > 0;
  }

  change(change: StateChange): void {
    this.image.apply(change);
    this.waiting.push(change);
  }

  saveClient(client: Parameters<StateJournal['saveClient']>[0]): void {
    this.change({ type: 'client', client });
  }

  removeClient(clientId: string): void {
    this.change({ type: 'clientRemoved', clientId });
  }

  saveCursor(cursor: Parameters<StateJournal['saveCursor']>[0]): void {
    this.change({ type: 'cursor', cursor });
  }

  removeCursor(cursorId: number): void {
    this.moved.delete(cursorId);
    this.change({ type: 'cursorRemoved', cursorId });
  }

  saveMember(member: Parameters<StateJournal['saveMember']>[0]): void {
    this.change({ type: 'member', member });
  }

  removeMember(memberId: number): void {
    this.change({ type: 'memberRemoved', memberId });
  }

  sent(cursorId: number, sequence: number): void {
    this.image.sent(cursorId, sequence);
    const move = this.move(cursorId);
    move.lastSent = Math.max(move.lastSent, sequence);
  }

  acknowledged(cursorId: number, sequence: number): void {
    this.image.acknowledged(cursorId, sequence);
    this.move(cursorId).acknowledged.push(sequence);
  }

  /** Reads the newest generation; creates the first. */
  async open(clusterId: string, log: Log): Promise<void> {
    const { files, directory } = this.options;
    const names = await files.list(directory);
    for (const name of names.filter((candidate) => candidate.endsWith('.tmp')))
      await files.remove(join(directory, name));
    const generations = names.flatMap((name) => STATE_NAME.exec(name)?.[1] ?? []).map(Number);
    this.generation = Math.max(0, ...generations);
    if (this.generation === 0) {
      this.image.clusterId = clusterId;
      return this.compact();
    }
    await this.recover(log);
    const { clusterId: stored, format } = this.image;
    if (format !== FORMAT)
      throw new ConfigurationError(`${directory} has format ${format}, expected ${FORMAT}`);
    if (stored !== clusterId) {
      throw new ConfigurationError(`${directory} belongs to cluster "${stored}", and not to "${clusterId}"`);
    }
    for (const old of generations) {
      if (old < this.generation) await files.remove(this.path(old));
    }
  }

  /** Writes everything that waits, and syncs it if anybody waits for it. */
  async flush(sync: boolean): Promise<void> {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    if (this.closed) return;
    if (this.file === undefined || this.broken || this.writtenBytes > this.compactionBytes)
      return this.compact();
    const mustSync = sync && this.dirty;
    const bytes = this.encode([...this.waiting.splice(0), ...this.takeMoves()], this.safeBytes);
    try {
      await this.file.write(bytes, this.writtenBytes);
      this.writtenBytes += bytes.length;
      if (!mustSync) return;
      await syncOrFail(this.file, this.path(this.generation));
      this.safeBytes = this.writtenBytes;
    } catch (error) {
      this.broken = true;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.flushTimer);
    await this.file?.close();
  }

  private get compactionBytes(): number {
    return Math.max(STATE_COMPACTION_MIN_BYTES, this.compactedBytes * STATE_COMPACTION_GROWTH);
  }

  private path(generation: number): string {
    return join(this.options.directory, `state-${generation}.log`);
  }

  private move(cursorId: number): { lastSent: number; acknowledged: number[] } {
    let move = this.moved.get(cursorId);
    if (move === undefined) {
      const lastSent = this.image.cursors.get(cursorId)?.lastSent ?? 0;
      this.moved.set(cursorId, (move = { lastSent, acknowledged: [] }));
      this.flushTimer ??= setTimeout(this.options.requestFlush, POSITIONS_WRITE_DELAY_MS);
    }
    return move;
  }

  private takeMoves(): PositionChange[] {
    const moves = [...this.moved].map(
      ([cursorId, move]) => ({ type: 'position', cursorId, ...move }) as const,
    );
    this.moved.clear();
    return moves;
  }

  private encode(changes: Iterable<StateChange>, safeBytes: number): Buffer {
    const buffer = new RecordBuffer();
    for (const change of changes) {
      const { bytes, write } = encodeChange(change);
      buffer.append(bytes, safeBytes, write);
    }
    return buffer.take();
  }

  private async recover(log: Log): Promise<void> {
    const { files } = this.options;
    const path = this.path(this.generation);
    const bytes = await files.read(path);
    const { goodBytes, fault, wasSafe } = scanRecords(bytes, (payload, offset) => {
      try {
        this.image.apply(decodeChange(payload));
      } catch {
        throw new StoreDamagedError(path, offset, 'a record that is no change of the state');
      }
    });
    // A generation is complete before it has its name: without its first record it was never whole.
    if (fault !== undefined && (wasSafe || goodBytes === 0))
      throw new StoreDamagedError(path, goodBytes, fault);
    this.file = await files.openAppend(path);
    if (fault !== undefined) {
      log.warn(`${path}: cut ${bytes.length - goodBytes} bytes off at offset ${goodBytes} (${fault})`);
      await this.file.truncate(goodBytes);
      await this.file.sync();
    }
    this.writtenBytes = this.safeBytes = this.compactedBytes = goodBytes;
  }

  /** Starts the next generation with the state as it is; everything that waited is part of it. */
  private async compact(): Promise<void> {
    const { files, directory } = this.options;
    this.waiting = [];
    this.moved.clear();
    const previous = this.file;
    const bytes = this.encode(this.image.changes(FORMAT), 0);
    const next = this.generation + 1;
    const temporary = `${this.path(next)}.tmp`;
    const file = await files.openAppend(temporary);
    await file.truncate(0);
    await file.write(bytes, 0);
    await file.sync();
    await files.rename(temporary, this.path(next));
    await files.syncDirectory(directory);
    await previous?.close();
    if (this.generation > 0) await files.remove(this.path(this.generation));
    this.file = file;
    this.broken = false;
    this.generation = next;
    this.writtenBytes = this.safeBytes = this.compactedBytes = bytes.length;
  }
}
