import { ConfigurationError, errorText, StoreError, StoreFailedError } from '../../errors.js';
import { SILENT_LOG, type Log } from '../../log.js';
import { DEFAULT_STORE_LIMITS } from '../store-limits.js';
import type { RecoveredCursor, RecoveredState, StateJournal } from '../state-journal.js';
import type { MessageLog } from '../message-log.js';
import type { Store, StoreLimits } from '../store.js';
import { lockDirectory, type Release } from './directory-lock.js';
import { FileMessageLog } from './file-message-log.js';
import { NODE_FILES, type FileOperations } from './file-operations.js';
import { parseSegmentName } from './segment.js';
import { StateFile } from './state-file.js';

export interface FileStoreOptions {
  /** Made if it is not there. One server at a time may use it. */
  readonly directory: string;
  readonly limits?: Partial<StoreLimits>;
  /** Default true: nothing is acknowledged before it is on the disk. False survives a crash of the process only. */
  readonly sync?: boolean;
  /** Default: the real file system. */
  readonly files?: FileOperations;
  /** Default: a lock that ends with the process. */
  readonly lock?: (directory: string) => Promise<Release>;
  /** Where recovery says what it cut off. */
  readonly log?: Log;
}

/**
 * Keeps everything in files: one run of segments for each channel, one file for clients and subscriptions.
 *
 * Flushes are shared: while one is under way, everything appended gathers for the next. A write that fails (a full
 * disk) is taken back and the publishers are told; a sync that fails ends the store, see `syncOrFail`.
 */
export class FileStore implements Store {
  readonly kind = 'FILE';
  readonly limits: StoreLimits;
  private readonly files: FileOperations;
  private readonly directory: string;
  private readonly sync: boolean;
  private readonly log: Log;
  private readonly state: StateFile;
  private readonly logs = new Map<string, FileMessageLog>();
  private lastChannelId = 0;
  private release: Release | undefined;
  private flushing: Promise<void> | undefined;
  private following: Promise<void> | undefined;
  private failure: StoreFailedError | undefined;

  constructor(private readonly options: FileStoreOptions) {
    if (options.directory === '') throw new ConfigurationError('the file store needs a directory');
    this.limits = { ...DEFAULT_STORE_LIMITS, ...options.limits };
    this.files = options.files ?? NODE_FILES;
    this.directory = options.directory;
    this.sync = options.sync ?? true;
    this.log = options.log ?? SILENT_LOG;
    const requestFlush = (): void =>
      void this.flushAgain().catch((error: unknown) => this.log.error(errorText(error)));
    this.state = new StateFile({ files: this.files, directory: this.directory, requestFlush });
  }

  get journal(): StateJournal {
    return this.state;
  }

  async open(clusterId: string): Promise<RecoveredState> {
    await this.files.makeDirectory(this.directory);
    this.release = await (this.options.lock ?? lockDirectory)(this.directory);
    await this.state.open(clusterId, this.log);
    await this.recoverMessages();
    const { clients } = this.state.image;
    return { clients: [...clients.values()], channels: new Map(this.logs), cursors: this.recoveredCursors() };
  }

  createChannel(name: string): MessageLog {
    const { channelsMax } = this.limits;
    if (channelsMax > 0 && this.logs.size >= channelsMax) throw new StoreError('too many channels');
    const channelId = ++this.lastChannelId;
    this.state.change({ type: 'channel', channelId, name });
    return this.newLog(name, channelId);
  }

  flush(): Promise<void> | undefined {
    const dirty = this.state.dirty || [...this.logs.values()].some((log) => log.dirty);
    return dirty || this.flushing !== undefined ? this.flushAgain() : undefined;
  }

  async close(): Promise<void> {
    try {
      if (this.release !== undefined && this.failure === undefined) await this.flushAgain();
    } finally {
      await this.state.close();
      for (const log of this.logs.values()) await log.close();
      await this.release?.();
      this.release = undefined;
    }
  }

  /** A flush that covers everything up to now: the next one if one is under way, shared with whoever else asks. */
  private flushAgain(): Promise<void> {
    if (this.flushing === undefined) {
      this.flushing = this.flushAll().finally(() => (this.flushing = undefined));
      return this.flushing;
    }
    const next = (): Promise<void> => {
      this.following = undefined;
      return this.flushAgain();
    };
    this.following ??= this.flushing.then(next, next);
    return this.following;
  }

  private async flushAll(): Promise<void> {
    const dirty = [...this.logs.values()].filter((log) => log.dirty);
    if (this.failure !== undefined) {
      for (const log of dirty) await log.rollBack().catch(() => undefined);
      throw this.failure;
    }
    const stateDone = this.state.dirty || this.state.moving ? this.state.flush(this.sync) : undefined;
    const results = await Promise.allSettled([stateDone, ...dirty.map((log) => log.flush(this.sync))]);
    const errors = results.map((result) =>
      result.status === 'rejected' ? (result.reason as unknown) : undefined,
    );
    const first = errors.find((error) => error !== undefined);
    if (first === undefined) return;
    this.failure = errors.find((error) => error instanceof StoreFailedError);
    for (const [index, log] of dirty.entries()) {
      if (errors[index + 1] !== undefined) await this.rollBack(log);
    }
    throw this.failure ?? new StoreError(errorText(first), { cause: first });
  }

  private async rollBack(log: FileMessageLog): Promise<void> {
    try {
      await log.rollBack();
    } catch (cause) {
      this.failure ??= new StoreFailedError(`cannot take back what was not written: ${errorText(cause)}`, {
        cause,
      });
    }
  }

  private async recoverMessages(): Promise<void> {
    const sequences = new Map<number, number[]>();
    for (const name of await this.files.list(this.directory)) {
      const segment = parseSegmentName(name);
      if (segment === undefined) continue;
      const { channelId, firstSequence } = segment;
      sequences.set(channelId, [...(sequences.get(channelId) ?? []), firstSequence]);
    }
    const { channels } = this.state.image;
    this.lastChannelId = Math.max(0, ...channels.values(), ...sequences.keys());
    for (const [name, channelId] of channels) {
      await this.newLog(name, channelId).recover(sequences.get(channelId) ?? [], this.log);
      sequences.delete(channelId);
    }
    // A crash between the file and the note of its channel: nothing in it was acknowledged.
    for (const channelId of sequences.keys()) {
      this.log.warn(`${this.directory}: messages of an unknown channel ${channelId} are left alone`);
    }
  }

  /** Messages that are gone can't be sent again: their acknowledgement is not waited for. */
  private recoveredCursors(): RecoveredCursor[] {
    return [...this.state.image.cursors.values()].map(({ record, lastSent, pending, members }) => {
      const first = this.logs.get(record.channel)?.firstSequence ?? 1;
      const available = [...pending].filter((sequence) => sequence >= first);
      return { ...record, lastSent, pending: available, members: [...members.values()] };
    });
  }

  private newLog(name: string, channelId: number): FileMessageLog {
    const { files, directory, limits } = this;
    const log = new FileMessageLog(name, { files, directory, channelId, limits });
    this.logs.set(name, log);
    return log;
  }
}
