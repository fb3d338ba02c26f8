import { SetMetadata } from '@nestjs/common';
import { z } from 'zod';
import type { ProblemCatalog } from '../problem.catalog.js';

/** Under which a handler's document is kept. */
export const OPERATION = 'docs:operation';

/** An answer that is not a problem. */
export interface AnswerDocument {
  readonly description: string;
  /** The schema of its body; none where it has no body. */
  readonly schema?: z.ZodType;
  /** Default: `application/json`. */
  readonly contentType?: string;
  /** Headers besides the usual, with what each means. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A header field of a request. */
export interface HeaderDocument {
  readonly description: string;
  /** Default: false. */
  readonly required?: boolean;
  /** Default: a text. */
  readonly schema?: z.ZodType;
  readonly example?: string;
}

/** A request that is posted as it stands by a test, and answered as it says. */
export interface OperationExample {
  readonly summary: string;
  readonly body?: unknown;
  /** The status that it is answered with. */
  readonly status: number;
}

/** What a handler's document says. */
export interface OperationDocument {
  /** The `operationId`, in camel case. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly answers: Readonly<Record<number, AnswerDocument>>;
  /** The problems of its own, by catalog; those that every operation has are added. */
  readonly problems?: readonly (readonly [catalog: ProblemCatalog, ...names: string[]])[];
  /** The header fields that it reads, by name. */
  readonly headers?: Readonly<Record<string, HeaderDocument>>;
  readonly examples?: Readonly<Record<string, OperationExample>>;
}

/** Documents a handler: `@Operation({ id: 'getTransfer', … })`. */
export function Operation(document: OperationDocument): MethodDecorator {
  return SetMetadata(OPERATION, document);
}
