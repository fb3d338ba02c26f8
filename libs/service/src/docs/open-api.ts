import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
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
 * `@Operation` says. A handler without one is not in it.
 *
 * @param app made, with or without `preview`; it need not be started
 * @param service by default its name from `ServiceModule`
 */
export function documentOf(
  app: INestApplication,
  service: string = app.get<string>(SERVICE_NAME, { strict: false }),
): OpenAPIObject {
  const handlers = new Map(handlersOf(app).map((handler) => [handler.document?.id, handler]));
  const document = SwaggerModule.createDocument(app, configurationOf(service), {
    standardSchemaConverter: (schema, { schemaType }) => convert(schema as z.ZodType, schemaType),
  });
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item as Record<string, Operation>)) {
      const handler = handlers.get(operation.operationId);
      if (handler?.document) complete(operation, handler, handler.document);
      else delete (item as Record<string, Operation>)[method];
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

function configurationOf(service: string) {
  return new DocumentBuilder()
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

function complete(operation: Operation, handler: Handler, document: OperationDocument): void {
  const parameters = parametersOf(operation.parameters ?? [], document);
  const json = operation.requestBody?.content['application/json'];
  if (json && document.examples) json.examples = examplesOf(document);
  const intake = { body: operation.requestBody !== undefined, parameters: parameters.length > 0 };
  const answers = Object.entries(document.answers).map(
    ([status, answer]) => [status, responseOf(answer)] as const,
  );
  operation.parameters = parameters;
  operation.responses = { ...Object.fromEntries(answers), ...problemResponsesOf(handler, intake) };
  operation.security = handler.open ? [] : [{ [BEARER]: handler.scopes }];
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
