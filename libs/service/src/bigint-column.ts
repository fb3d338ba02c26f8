import type { ValueTransformer } from 'typeorm';

/** A `bigint` column as a bigint: the driver hands it over as text, so that no digit is lost. */
export const bigintColumn: ValueTransformer = {
  from: (text: string | null) => (text === null ? null : BigInt(text)),
  to: (value: bigint | null | undefined) => value?.toString() ?? value,
};
