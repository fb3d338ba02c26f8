const VARINT = 0;
const LENGTH_DELIMITED = 2;
const INITIAL_BYTES = 128;

/** Bytes that `value` takes as a varint. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

/** Writes `value` (0 … 2^53) as a varint and returns the offset after it. */
export function writeVarint(target: Buffer, offset: number, value: number): number {
  let position = offset;
  let rest = value;
  while (rest >= 0x80) {
    target[position++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[position++] = rest;
  return position;
}

/** Writes protobuf's wire format. As proto3 says, a field with its type's zero value is left out. */
export class WireWriter {
  private bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  private length = 0;

  string(field: number, value: string): this {
    return value === '' ? this : this.view(field, Buffer.from(value));
  }

  view(field: number, value: Uint8Array): this {
    if (value.length === 0) return this;
    this.tag(field, LENGTH_DELIMITED);
    this.varint(value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
    return this;
  }

  uint(field: number, value: number): this {
    if (value === 0) return this;
    this.tag(field, VARINT);
    this.varint(value);
    return this;
  }

  bool(field: number, value: boolean): this {
    return this.uint(field, value ? 1 : 0);
  }

  finish(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  private tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  private varint(value: number): void {
    this.reserve(varintBytes(value));
    this.length = writeVarint(this.bytes, this.length, value);
  }

  private reserve(bytes: number): void {
    if (this.bytes.length - this.length >= bytes) return;
    const larger = Buffer.allocUnsafe((this.length + bytes) * 2);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
