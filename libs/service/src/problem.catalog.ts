import { ProblemException, problemType } from './problem.js';

/** What is always the same of a problem. */
export interface ProblemKind {
  readonly status: number;
  /** A short summary, the same for every occurrence. */
  readonly title: string;
  /** When it is answered and what the caller can do: a paragraph of `docs/errors.md`. */
  readonly about: string;
}

/** Problem kinds by the last part of their `type`; see {@link defineProblems}. */
export type ProblemKinds = Readonly<Record<string, ProblemKind>>;

/** What an occurrence of a problem adds: `detail` for a person, and extension members. */
export type ProblemMembers = Readonly<Record<string, unknown>> & {
  readonly detail?: string;
  /** These three are the kind's own. */
  readonly type?: never;
  readonly title?: never;
  readonly status?: never;
};

/** The problems that one part of a service answers with. */
export class ProblemCatalog<Kinds extends ProblemKinds = ProblemKinds> {
  constructor(readonly kinds: Kinds) {}

  /** Makes the exception that ends a request with this problem. */
  of(
    name: keyof Kinds & string,
    members: ProblemMembers = {},
    options?: { readonly cause: unknown },
  ): ProblemException {
    const { status, title } = this.kinds[name] as ProblemKind;
    return new ProblemException({ type: problemType(name), title, status, ...members }, options);
  }
}

/** Defines the problems of one part of a service, each under the name that its `type` ends in. */
export function defineProblems<const Kinds extends ProblemKinds>(kinds: Kinds): ProblemCatalog<Kinds> {
  return new ProblemCatalog(kinds);
}
