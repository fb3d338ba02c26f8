import { z } from 'zod';
import type { ServiceName } from '../parts/bank.js';

/** A JSON Schema, as far as values are made from it. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
}

/** A parameter of an operation. */
export interface ApiParameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: Schema;
  readonly example?: string | undefined;
}

/** A documented example of a body, and the status that its summary ends with. */
export interface ApiExample {
  readonly name: string;
  readonly status: number;
  readonly value: unknown;
}

/** An operation as the document of its service has it. */
export interface ApiOperation {
  readonly service: ServiceName;
  readonly id: string;
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  /** Whether a bearer token is asked for where access is on. */
  readonly guarded: boolean;
  readonly parameters: readonly ApiParameter[];
  readonly body: { readonly required: boolean; readonly schema: Schema } | undefined;
  readonly examples: readonly ApiExample[];
  /** By status, `default` not among them: the media type of its body; undefined for none. */
  readonly answers: ReadonlyMap<number, string | undefined>;
}

const schema = z.custom<Schema>((value) => typeof value === 'object');
const content = z.record(z.string(), z.object({ schema, examples: z.unknown().optional() }));
const response = z.object({ content: content.optional() });
const examples = z.record(z.string(), z.object({ summary: z.string(), value: z.unknown() })).default({});
const operation = z.object({
  operationId: z.string(),
  parameters: z.array(
    z.object({
      name: z.string(),
      in: z.string(),
      required: z.boolean().default(false),
      schema,
      example: z.string().optional(),
    }),
  ),
  requestBody: z
    .object({
      required: z.boolean().default(false),
      content: z.object({ 'application/json': z.object({ schema, examples }) }),
    })
    .optional(),
  responses: z.record(z.string(), response),
  security: z.array(z.unknown()),
});
const document = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), operation)) });

/** What a service says of itself. */
export interface ApiDocument {
  readonly service: ServiceName;
  /** As it was served. */
  readonly text: object;
  readonly operations: readonly ApiOperation[];
}

/** Fetches the OpenAPI document that a service serves. */
export async function fetchDocument(service: ServiceName, url: string): Promise<ApiDocument> {
  const text = (await (await fetch(`${url}/openapi.json`)).json()) as object;
  const { paths } = document.parse(text);
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, found]) => operationOf(found, { service, method, path })),
  );
  return { service, text, operations };
}

function operationOf(
  found: z.output<typeof operation>,
  { service, method, path }: Pick<ApiOperation, 'service' | 'method' | 'path'>,
): ApiOperation {
  const json = found.requestBody?.content['application/json'];
  const documented = Object.entries(found.responses).filter(([status]) => status !== 'default');
  return {
    service,
    id: found.operationId,
    method: method.toUpperCase(),
    path,
    guarded: found.security.length > 0,
    parameters: found.parameters,
    body: json && { required: found.requestBody?.required ?? false, schema: json.schema },
    examples: Object.entries(json?.examples ?? {}).map(([name, { summary, value }]) => ({
      name,
      status: Number(/\((\d{3})\)$/.exec(summary)?.[1]),
      value,
    })),
    answers: new Map(
      documented.map(([status, { content }]) => [Number(status), Object.keys(content ?? {})[0]]),
    ),
  };
}
