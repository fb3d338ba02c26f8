import { z } from 'zod';

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema of a zod schema.
 *
 * @param io `input` for what is sent to a service, `output` for what it answers
 * @param target 2020-12 is also what OpenAPI 3.1 takes
 */
export function jsonSchemaOf(
  schema: z.ZodType,
  io: 'input' | 'output',
  target: 'draft-2020-12' | 'draft-07' = 'draft-2020-12',
): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target, unrepresentable: 'any' });
  return rest;
}

/** Formats that say all of what zod's long pattern for them says. */
const TOLD_BY_FORMAT: ReadonlySet<unknown> = new Set(['uuid', 'date-time']);

/** The same for people: without the patterns of what has a format. */
export function readableSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const text = JSON.stringify(jsonSchemaOf(schema, io), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('pattern' in value) || !('format' in value))
      return value;
    const { pattern: _, ...rest } = value;
    return TOLD_BY_FORMAT.has(value.format) ? rest : value;
  });
  return JSON.parse(text) as JsonSchema;
}
