import { problemType } from '../problem.js';
import type { ProblemCatalog, ProblemKind } from '../problem.catalog.js';
import { serviceProblems } from '../service.problems.js';
import type { Handler } from './handlers.js';

/** Where the shape of every problem document stands. */
export const PROBLEM_SCHEMA_REF = '#/components/schemas/Problem';

/** RFC 9457, 3.1. What a kind of problem adds is told by its page in `docs/errors.md`. */
export const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'A problem document (RFC 9457).',
  properties: {
    type: {
      type: 'string',
      format: 'uri-reference',
      description: 'Which kind of problem; it stays the same.',
    },
    title: { type: 'string', description: 'A summary that goes with the type.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'This occurrence, for a person.' },
    errors: {
      type: 'array',
      description: 'Every wrong field of a request that is not valid.',
      items: {
        type: 'object',
        properties: { field: { type: 'string' }, message: { type: 'string' } },
        required: ['field', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status'],
};

type Named = readonly [name: string, kind: ProblemKind];

/** What any operation may be answered that fails by no fault of its caller's. */
const FAULTS = namedOf([[serviceProblems, 'internal-error', 'keys-unavailable', 'shutting-down']]);

/** The answers that stand once for all operations. */
export const SHARED_RESPONSES = { Fault: responseOf(FAULTS) };
const FAULT = { $ref: '#/components/responses/Fault' };

/** What an operation takes, as far as its problems depend on it. */
export interface Intake {
  readonly body: boolean;
  readonly parameters: boolean;
}

/** The problem responses of an operation, by status: its own, and those that it shares with all of its kind. */
export function problemResponsesOf(handler: Handler, intake: Intake): Record<string, object> {
  const expected = [...namedOf(handler.document?.problems ?? []), ...sharedOf(handler, intake)];
  const statuses = [...new Set(expected.map(([, { status }]) => status))].sort((one, other) => one - other);
  const byStatus = statuses.map((status) => {
    // A fault may have the status of a problem that is the operation's own.
    const named = new Map([...expected, ...FAULTS].filter(([, kind]) => kind.status === status));
    return [String(status), responseOf([...named])] as const;
  });
  return { ...Object.fromEntries(byStatus), default: FAULT };
}

function sharedOf({ open, unlimited }: Handler, { body, parameters }: Intake): readonly Named[] {
  const names: (keyof typeof serviceProblems.kinds)[] = [];
  if (body || parameters) names.push('invalid-request');
  if (body) names.push('malformed-request', 'body-too-large', 'unsupported-media-type');
  if (!open) names.push('unauthenticated', 'insufficient-scope');
  if (!unlimited) names.push('too-many-requests');
  return names.map((name) => [name, serviceProblems.kinds[name]]);
}

function namedOf(lists: readonly (readonly [ProblemCatalog, ...string[]])[]): readonly Named[] {
  return lists.flatMap(([catalog, ...names]) =>
    names.map((name): Named => {
      const kind = catalog.kinds[name];
      if (!kind) throw new Error(`A document names the problem ${name}, which its catalog does not have`);
      return [name, kind];
    }),
  );
}

function responseOf(named: readonly Named[]): object {
  const types = named.map(([name]) => problemType(name));
  const examples = named.map(([name, { title, status }]) => [
    name,
    { value: { type: problemType(name), title, status } },
  ]);
  return {
    description: `${named.map(([, { title }]) => title).join('; or: ')}.`,
    content: {
      'application/problem+json': {
        schema: { allOf: [{ $ref: PROBLEM_SCHEMA_REF }], properties: { type: { enum: types } } },
        examples: Object.fromEntries(examples) as object,
      },
    },
  };
}
