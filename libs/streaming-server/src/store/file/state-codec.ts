import { WireReader } from '../../wire/wire-reader.js';
import { varintBytes, writeVarint } from '../../wire/wire-writer.js';
import type { PositionChange, StateChange } from './state-image.js';

/** First byte of a payload. Rare changes are JSON; positions are numbers only, because there are many. */
const JSON_CHANGE = 0x4a;
const POSITION_CHANGE = 0x50;

export interface EncodedChange {
  readonly bytes: number;
  readonly write: (target: Buffer, offset: number) => void;
}

/** How the change is written into a record's payload. */
export function encodeChange(change: StateChange): EncodedChange {
  if (change.type === 'position') return encodePosition(change);
  const json = Buffer.from(JSON.stringify(change));
  return {
    bytes: 1 + json.length,
    write: (target, offset) => {
      target[offset] = JSON_CHANGE;
      json.copy(target, offset + 1);
    },
  };
}

/** Throws `RangeError` or `SyntaxError` if the payload is no change. */
export function decodeChange(payload: Buffer): StateChange {
  if (payload[0] === POSITION_CHANGE) return decodePosition(payload);
  if (payload[0] !== JSON_CHANGE) throw new RangeError(`unknown change ${payload[0]}`);
  return JSON.parse(payload.toString('utf8', 1)) as StateChange;
}

function encodePosition({ cursorId, lastSent, acknowledged }: PositionChange): EncodedChange {
  const numbers = [cursorId, lastSent, acknowledged.length, ...acknowledged];
  return {
    bytes: numbers.reduce((sum, value) => sum + varintBytes(value), 1),
    write: (target, offset) => {
      target[offset] = POSITION_CHANGE;
      let position = offset + 1;
      for (const value of numbers) position = writeVarint(target, position, value);
    },
  };
}

function decodePosition(payload: Buffer): PositionChange {
  const reader = new WireReader(payload.subarray(1));
  const [cursorId, lastSent, count] = [reader.varint(), reader.varint(), reader.varint()];
  const acknowledged: number[] = [];
  for (let index = 0; index < count; index++) acknowledged.push(reader.varint());
  return { type: 'position', cursorId, lastSent, acknowledged };
}
