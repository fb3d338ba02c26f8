import { constants, fstatSync, openSync, readSync, closeSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';

/** A file to append to. Offsets and sizes are bytes. */
export interface AppendFile {
  readonly size: number;
  write(bytes: Uint8Array, position: number): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Resolves when everything written is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Everything the file store asks of an operating system. An argument, so that a test can take the power away: what
 * was not synced is then gone, a new file's name in its directory included.
 */
export interface FileOperations {
  makeDirectory(path: string): Promise<void>;
  list(directory: string): Promise<string[]>;
  /** Opens for writing, and creates what is not there. */
  openAppend(path: string): Promise<AppendFile>;
  /** Reads at once: from the page cache, it takes less time than waiting for a thread would. */
  readSync(path: string, position: number, length: number): Buffer;
  read(path: string): Promise<Buffer>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Resolves when the directory's entries are on the disk. */
  syncDirectory(path: string): Promise<void>;
}

class NodeAppendFile implements AppendFile {
  constructor(
    private readonly handle: FileHandle,
    readonly size: number,
  ) {}

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const result = await this.handle.write(bytes, written, bytes.length - written, position + written);
      written += result.bytesWritten;
    }
  }

  truncate(size: number): Promise<void> {
    return this.handle.truncate(size);
  }

  /** The data and the size are enough: nobody asks for the time of the last change. */
  sync(): Promise<void> {
    return this.handle.datasync();
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** The real file system. */
export const NODE_FILES: FileOperations = {
  makeDirectory: async (path) => void (await mkdir(path, { recursive: true })),
  list: (directory) => readdir(directory),
  openAppend: async (path) => {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o640);
    return new NodeAppendFile(handle, (await handle.stat()).size);
  },
  readSync: (path, position, length) => {
    const descriptor = openSync(path, 'r');
    try {
      const bytes = Buffer.allocUnsafeSlow(
        Math.min(length, Math.max(0, fstatSync(descriptor).size - position)),
      );
      const read = readSync(descriptor, bytes, 0, bytes.length, position);
      return bytes.subarray(0, read);
    } finally {
      closeSync(descriptor);
    }
  },
  read: async (path) => {
    const handle = await open(path, 'r');
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  syncDirectory: async (path) => {
    // Windows can't open directories, and keeps their entries safe by itself.
    if (process.platform === 'win32') return;
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
