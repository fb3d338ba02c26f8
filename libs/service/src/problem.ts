import { HttpException } from '@nestjs/common';

/** A problem document, RFC 9457. `type` is a URI reference that stays the same; `title` goes with the type. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** This occurrence, for a person. */
  readonly detail?: string;
  /** Extension members, such as the id of what the problem is about. */
  readonly [extension: string]: unknown;
}

/** Ends a request with a problem document. */
export class ProblemException extends HttpException {
  constructor(
    readonly problem: Problem,
    options?: { readonly cause: unknown },
  ) {
    super(problem, problem.status, options);
  }
}

/** Where the problem types are described; the last part names the type. */
const PROBLEM_TYPES = '/problems/';

/** The URI reference of a problem type. */
export function problemType(name: string): string {
  return PROBLEM_TYPES + name;
}
