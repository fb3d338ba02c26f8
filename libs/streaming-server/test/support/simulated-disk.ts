import { dirname } from 'node:path';
import type { AppendFile, FileOperations } from '@app/streaming-server';

interface Inode {
  /** What programs see. */
  content: Buffer;
  /** What is on the disk. */
  synced: Buffer;
}

/** Thrown by every operation once the power is gone. */
export class PowerCutError extends Error {}

/**
 * A disk in memory whose power can be cut. What was not synced is then gone, or torn: of a file's unsynced bytes
 * any part may have reached the disk. A file whose directory was not synced after it was made is gone altogether.
 */
export class SimulatedDisk implements FileOperations {
  operations = 0;
  /** Number of the operation during which the power goes. */
  cutAt = Infinity;
  /** What writes and syncs fail with, as a full or a broken disk does. */
  failWrites: Error | undefined;
  failSyncs: Error | undefined;
  private entries = new Map<string, Inode>();
  private durableEntries = new Map<string, Inode>();

  constructor(private readonly random: () => number) {}

  /** The disk as it is found after the cut. */
  survivor(): SimulatedDisk {
    const survivor = new SimulatedDisk(this.random);
    for (const [path, inode] of this.durableEntries) {
      const content = this.torn(inode);
      survivor.entries.set(path, { content, synced: content });
    }
    survivor.durableEntries = new Map(survivor.entries);
    return survivor;
  }

  async makeDirectory(): Promise<void> {
    await this.operate();
  }

  async list(directory: string): Promise<string[]> {
    await this.operate();
    return [...this.entries.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => path.slice(directory.length + 1));
  }

  async openAppend(path: string): Promise<AppendFile> {
    await this.operate();
    const inode = this.entries.get(path) ?? { content: Buffer.alloc(0), synced: Buffer.alloc(0) };
    this.entries.set(path, inode);
    return {
      size: inode.content.length,
      write: async (bytes, position) => {
        if (this.failWrites !== undefined) throw this.failWrites;
        const grown = Buffer.alloc(Math.max(inode.content.length, position + bytes.length));
        inode.content.copy(grown);
        // A write that the cut interrupts has happened in part.
        grown.set(bytes, position);
        inode.content = grown;
        await this.operate();
      },
      truncate: async (size) => {
        await this.operate();
        inode.content = inode.content.subarray(0, size);
      },
      sync: async () => {
        await this.operate();
        if (this.failSyncs !== undefined) throw this.failSyncs;
        inode.synced = inode.content;
      },
      close: () => Promise.resolve(),
    };
  }

  readSync(path: string, position: number, length: number): Buffer {
    return this.inode(path).content.subarray(position, position + length);
  }

  async read(path: string): Promise<Buffer> {
    await this.operate();
    return Buffer.from(this.inode(path).content);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.operate();
    this.entries.set(to, this.inode(from));
    this.entries.delete(from);
  }

  async remove(path: string): Promise<void> {
    await this.operate();
    this.entries.delete(path);
  }

  async syncDirectory(): Promise<void> {
    await this.operate();
    this.durableEntries = new Map(this.entries);
  }

  private inode(path: string): Inode {
    const inode = this.entries.get(path);
    if (inode === undefined) throw new Error(`no such file: ${path}`);
    return inode;
  }

  private async operate(): Promise<void> {
    // Another turn of the event loop, as with a real disk: requests overlap.
    await new Promise((resolve) => setImmediate(resolve));
    if (++this.operations >= this.cutAt) throw new PowerCutError('the power is gone');
  }

  /** The synced bytes, and of the unsynced ones a random beginning, sometimes with a hole of zeros. */
  private torn({ content, synced }: Inode): Buffer {
    if (content.length <= synced.length || this.random() < 0.5) return Buffer.from(synced);
    const unsynced = content.length - synced.length;
    const kept = Buffer.from(content.subarray(0, synced.length + Math.floor(this.random() * (unsynced + 1))));
    if (this.random() < 0.3)
      kept.fill(0, synced.length + Math.floor(this.random() * (kept.length - synced.length)));
    return kept;
  }
}
