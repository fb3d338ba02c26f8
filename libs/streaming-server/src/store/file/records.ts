import { crc32 } from 'node:zlib';
import { RECORD_MAX_BYTES } from '../../limits.js';

/**
 * A file is a sequence of records, each with a head of three 32-bit numbers, little-endian, and a payload:
 *
 *     crc      of all that follows in the record
 *     length   of the payload, never 0: a run of zeros is no record
 *     safe     size of the file that was known to be on the disk when this record was written
 *
 * `safe` tells a torn end from damage. A crash may leave anything after the last sync, even a later record without
 * an earlier one; but a whole record that says that the bad place was safe proves that something else broke it.
 */
export const RECORD_HEAD_BYTES = 12;
const LENGTH_OFFSET = 4;
const SAFE_OFFSET = 8;
const INITIAL_BYTES = 4 * 1024;

/** Gathers records in memory until they are written. */
export class RecordBuffer {
  private bytes = Buffer.alloc(0);
  private used = 0;
  private lastTaken = INITIAL_BYTES;

  get length(): number {
    return this.used;
  }

  /** Appends a record whose payload `write` fills in. */
  append(payloadBytes: number, safeBytes: number, write: (target: Buffer, offset: number) => void): void {
    const start = this.reserve(RECORD_HEAD_BYTES + payloadBytes);
    const end = start + RECORD_HEAD_BYTES + payloadBytes;
    this.bytes.writeUInt32LE(payloadBytes, start + LENGTH_OFFSET);
    this.bytes.writeUInt32LE(safeBytes, start + SAFE_OFFSET);
    write(this.bytes, start + RECORD_HEAD_BYTES);
    this.bytes.writeUInt32LE(crc32(this.bytes.subarray(start + LENGTH_OFFSET, end)), start);
  }

  /** Hands over what was gathered and starts anew. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.used);
    this.lastTaken = Math.max(INITIAL_BYTES, this.used);
    this.bytes = Buffer.alloc(0);
    this.used = 0;
    return taken;
  }

  private reserve(count: number): number {
    const start = this.used;
    this.used += count;
    if (this.used > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.used * 2, this.lastTaken));
      this.bytes.copy(larger, 0, 0, start);
      this.bytes = larger;
    }
    return start;
  }
}

export interface ScanResult {
  /** Where the good records end. */
  readonly goodBytes: number;
  /** Why the rest is bad; undefined when there is no rest. */
  readonly fault: string | undefined;
  /** The bad place had been safe on the disk: this is damage, and not the torn end that a crash leaves. */
  readonly wasSafe: boolean;
}

/** Calls `onRecord` for each good record from the start on, and judges what comes after the last. */
export function scanRecords(bytes: Buffer, onRecord: (payload: Buffer, offset: number) => void): ScanResult {
  let offset = 0;
  while (offset < bytes.length) {
    const fault = faultAt(bytes, offset);
    if (fault !== undefined) return { goodBytes: offset, fault, wasSafe: provenSafe(bytes, offset) };
    const end = offset + RECORD_HEAD_BYTES + bytes.readUInt32LE(offset + LENGTH_OFFSET);
    onRecord(bytes.subarray(offset + RECORD_HEAD_BYTES, end), offset);
    offset = end;
  }
  return { goodBytes: offset, fault: undefined, wasSafe: false };
}

function faultAt(bytes: Buffer, offset: number): string | undefined {
  if (bytes.length - offset < RECORD_HEAD_BYTES) return 'the head of a record is cut off';
  const length = bytes.readUInt32LE(offset + LENGTH_OFFSET);
  if (length === 0 || length > RECORD_MAX_BYTES) return `a record of ${length} bytes`;
  const end = offset + RECORD_HEAD_BYTES + length;
  if (end > bytes.length) return 'a record is cut off';
  const checksum = crc32(bytes.subarray(offset + LENGTH_OFFSET, end));
  return checksum === bytes.readUInt32LE(offset) ? undefined : 'wrong checksum';
}

/** Whether any whole record after the bad place says that the bad place was on the disk before it was written. */
function provenSafe(bytes: Buffer, badOffset: number): boolean {
  for (let offset = badOffset + 1; offset + RECORD_HEAD_BYTES < bytes.length; offset++) {
    const safe = bytes.readUInt32LE(offset + SAFE_OFFSET);
    // Cheap tests first: nearly every offset fails here, before a checksum is computed.
    if (safe > badOffset && safe <= offset && faultAt(bytes, offset) === undefined) return true;
  }
  return false;
}
