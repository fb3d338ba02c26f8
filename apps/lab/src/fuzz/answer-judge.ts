import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { ApiDocument, ApiOperation } from './api-document.js';
import type { Answer } from './send-request.js';

const PROBLEM = 'application/problem+json';

/** Holds answers against the documents of the services. */
export class AnswerJudge {
  private readonly ajv = new Ajv2020({ strict: false, validateSchema: false });
  private readonly compiled = new Map<string, ValidateFunction>();

  constructor(documents: readonly ApiDocument[]) {
    addFormats.default(this.ajv);
    for (const { service, text } of documents) this.ajv.addSchema(text, service);
  }

  /** What the document of the operation does not allow of an answer, in words; undefined if it allows all of it. */
  complaint(operation: ApiOperation, answer: Answer): string | undefined {
    if (answer.status >= 500) return `a fault: ${answer.text}`;
    return this.disagreement(operation, answer);
  }

  /** The same where a fault is what is asked for. */
  disagreement(operation: ApiOperation, answer: Answer): string | undefined {
    const { status, mediaType, text } = answer;
    if (!operation.answers.has(status)) return `${status} is not documented: ${text}`;
    const documented = operation.answers.get(status);
    if (documented !== mediaType) return `its content type is ${mediaType}, documented is ${documented}`;
    if (documented === undefined) return text === '' ? undefined : 'it has a body, documented is none';
    const place = `responses/${status}/content/${escaped(documented)}/schema`;
    return this.mismatch(this.pointer(operation, place), documented.endsWith('json') ? parsed(text) : text);
  }

  /** The same for an address or a method that no operation has: it is refused, as a problem. */
  complaintOfUnrouted({ service }: ApiOperation, { status, mediaType, text }: Answer): string | undefined {
    if (status < 400 || status >= 500) return `${status} to what no operation takes: ${text}`;
    if (mediaType !== PROBLEM) return `its content type is ${mediaType}, expected ${PROBLEM}`;
    return this.mismatch(`${service}#/components/schemas/Problem`, parsed(text));
  }

  /** Whether the document allows a body. */
  allowsBody(operation: ApiOperation, body: unknown): boolean {
    const schema = this.pointer(operation, `requestBody/content/${escaped('application/json')}/schema`);
    return this.validatorOf(schema)(body);
  }

  private mismatch(schema: string, value: unknown): string | undefined {
    const validate = this.validatorOf(schema);
    if (validate(value)) return undefined;
    return `${this.ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`;
  }

  private validatorOf(schema: string): ValidateFunction {
    const known = this.compiled.get(schema);
    if (known) return known;
    const validate = this.ajv.compile({ $ref: schema });
    this.compiled.set(schema, validate);
    return validate;
  }

  private pointer({ service, path, method }: ApiOperation, place: string): string {
    return `${service}#/paths/${escaped(path)}/${method.toLowerCase()}/${place}`;
  }
}

/** A step of a JSON pointer in a URI. */
function escaped(step: string): string {
  return encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return `not JSON: ${text}`;
  }
}
