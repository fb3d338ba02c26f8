import type { INestApplication } from '@nestjs/common';
import type { DocumentBuilder, OpenAPIObject } from '@nestjs/swagger';
import type { z } from 'zod';
import { SERVICE_NAME } from '../service-name.js';
import { handlersOf, type Handler } from './handlers.js';
import { readableSchemaOf } from './json-schema.js';
import type { AnswerDocument, OperationDocument } from './operation.js';
import { PROBLEM_SCHEMA, problemResponsesOf, SHARED_RESPONSES } from './problem-responses.js';

/** The version of the addresses: all begin with `/v1`. What changes within it only adds. */
const API_VERSION = '1.1.0';

const BEARER = 'bearer';

/** The members of an operation that are changed or read here; what is from elsewhere is left as it is. */
interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { examples?: object }>; required?: boolean };
  responses?: object;
  security?: object[];
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly [more: string]: unknown;
}

/**
 * The OpenAPI 3.1 document of a service: its routes from Nest, its schemas from zod, and what its handlers'
 * `@Operation` says. A handler without one is not in it. What makes it is loaded when it is asked for: a fifth of all the
 * modules of a service, which it needs neither to start nor to serve.
 *
 * @param app made, with or without `preview`; it need not be started
 * @param service by default its name from `ServiceModule`
 */
export async function documentOf(
  app: INestApplication,
  service: string = app.get<string>(SERVICE_NAME, { strict: false }),
): Promise<OpenAPIObject> {
  const { DocumentBuilder, SwaggerModule } = await import('@nestjs/swagger');
  const handlers = new Map(handlersOf(app).map((handler) => [handler.name, handler]));
  const document = SwaggerModule.createDocument(app, configurationOf(service, new DocumentBuilder()), {
    operationIdFactory: (controller, method) => `${controller}.${method}`,
    standardSchemaConverter: (schema, { schemaType }) => convert(schema as z.ZodType, schemaType),
  });
  for (const [path, item] of Object.entries(document.paths)) {
    const operations = item as Record<string, Operation>;
    for (const [method, operation] of Object.entries(operations)) {
      const handler = handlers.get(operation.operationId ?? '');
      if (handler?.document) operations[method] = completed(operation, handler, handler.document);
      else delete operations[method];
    }
    if (Object.keys(item).length === 0) delete document.paths[path];
  }
  document.components = {
    ...document.components,
    responses: SHARED_RESPONSES as NonNullable<OpenAPIObject['components']>['responses'] & object,
    schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA },
  };
  // Through JSON: undefined members are no members.
  return JSON.parse(JSON.stringify(document)) as OpenAPIObject;
}

function configurationOf(service: string, builder: DocumentBuilder) {
  return builder
    .setOpenAPIVersion('3.1.0')
    .setTitle(`The bank: ${service}`)
    .setDescription(
      'Amounts are whole numbers of minor units, as text. Each error is a problem document (RFC 9457).',
    )
    .setVersion(API_VERSION)
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Asked for unless access is off.' },
      BEARER,
    )
    .build();
}

function convert(schema: z.ZodType, io: 'input' | 'output') {
  const { $defs, ...rest } = readableSchemaOf(schema, io);
  return { schema: rest, components: ($defs ?? {}) as Record<string, object> };
}

function completed(operation: Operation, handler: Handler, document: OperationDocument): Operation {
  const { id, summary, description, answers } = document;
  const { operationId: _, ...found } = operation;
  const parameters = parametersOf(found.parameters ?? [], document);
  const json = found.requestBody?.content['application/json'];
  if (json && document.examples) json.examples = examplesOf(document);
  const intake = { body: found.requestBody !== undefined, parameters: parameters.length > 0 };
  const expected = Object.entries(answers).map(([status, answer]) => [status, responseOf(answer)] as const);
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    ...found,
    parameters,
    responses: { ...Object.fromEntries(expected), ...problemResponsesOf(handler, intake) },
    security: handler.open ? [] : [{ [BEARER]: handler.scopes }],
  };
}

/** Those that Nest has found, with what the document says of the headers among them: Nest takes each for required. */
function parametersOf(found: readonly Parameter[], { headers = {} }: OperationDocument): Parameter[] {
  const isHeader = (parameter: Parameter) => parameter.in === 'header';
  const names = new Set([...found.filter(isHeader).map(({ name }) => name), ...Object.keys(headers)]);
  const described = [...names].map((name): Parameter => {
    const { description, required = false, schema, example } = headers[name] ?? {};
    return {
      name,
      in: 'header',
      ...(description === undefined ? {} : { description }),
      required,
      schema: schema ? readableSchemaOf(schema, 'input') : { type: 'string' },
      ...(example === undefined ? {} : { example }),
    };
  });
  return [...found.filter((parameter) => !isHeader(parameter)), ...described];
}

function examplesOf({ examples = {} }: OperationDocument): object {
  const entries = Object.entries(examples).filter(([, { body }]) => body !== undefined);
  return Object.fromEntries(
    entries.map(([name, { summary, status, body }]) => [
      name,
      { summary: `${summary} (${status})`, value: body },
    ]),
  );
}

function responseOf({
  description,
  schema,
  contentType = 'application/json',
  headers,
}: AnswerDocument): object {
  const described = Object.entries(headers ?? {}).map(([name, meaning]) => [
    name,
    { description: meaning, schema: { type: 'string' } },
  ]);
  return {
    description,
    ...(described.length > 0 ? { headers: Object.fromEntries(described) as object } : {}),
    ...(schema ? { content: { [contentType]: { schema: readableSchemaOf(schema, 'output') } } } : {}),
  };
}
