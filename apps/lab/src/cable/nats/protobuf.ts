const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** The fields of a message by their numbers, of repeated ones the last; bytes as they are, numbers as numbers. */
export class ProtobufFields {
  private readonly fields = new Map<number, Buffer | number>();

  /** @returns undefined where the bytes are no such message */
  static of(bytes: Buffer): ProtobufFields | undefined {
    const message = new ProtobufFields();
    for (let position = 0; position < bytes.length;) {
      const tag = varintAt(bytes, position);
      const value = tag && valueAt(bytes, tag.end, tag.value % 8);
      if (value === undefined || tag === undefined || tag.value < 8) return undefined;
      if (value.value !== undefined) message.fields.set(Math.floor(tag.value / 8), value.value);
      position = value.end;
    }
    return message;
  }

  /** '' where it is missing, as the format has it. */
  text(field: number): string {
    return this.bytes(field).toString('utf8');
  }

  bytes(field: number): Buffer {
    const value = this.fields.get(field);
    return value instanceof Buffer ? value : Buffer.alloc(0);
  }

  /** Exact up to 2^53. */
  number(field: number): number {
    const value = this.fields.get(field);
    return typeof value === 'number' ? value : 0;
  }
}

interface At<Value> {
  readonly value: Value;
  readonly end: number;
}

function valueAt(
  bytes: Buffer,
  start: number,
  wireType: number,
): At<Buffer | number | undefined> | undefined {
  if (wireType === VARINT) return varintAt(bytes, start);
  const prefix = wireType === LENGTH_DELIMITED ? varintAt(bytes, start) : undefined;
  const sizes: Record<number, number | undefined> = {
    [LENGTH_DELIMITED]: prefix?.value,
    [FIXED64]: 8,
    [FIXED32]: 4,
  };
  const size = sizes[wireType];
  if (size === undefined) return undefined;
  const from = prefix?.end ?? start;
  const end = from + size;
  if (end > bytes.length) return undefined;
  return { value: prefix === undefined ? undefined : bytes.subarray(from, end), end };
}

function varintAt(bytes: Buffer, start: number): At<number> | undefined {
  let value = 0;
  for (let position = start, factor = 1; position < bytes.length; position += 1, factor *= 128) {
    const byte = bytes[position] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: position + 1 };
  }
  return undefined;
}
