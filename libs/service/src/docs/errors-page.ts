import { problemType } from '../problem.js';
import type { ProblemCatalog, ProblemKind } from '../problem.catalog.js';

const HEAD = `# Errors

Every error is answered with a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) of the media type
\`application/problem+json\`. \`type\` says which of the problems below it is, and stays the same; \`title\` and \`status\` go
with it; \`detail\`, where there is one, is for a person and may change.

This page is generated from the catalogs in the code: \`npm run docs:api\`.
`;

/** The page that describes every problem, in the order of their names. What two catalogs say in the same words stands once. */
export function errorsPage(catalogs: Iterable<ProblemCatalog>): string {
  const sections = new Map<string, Set<string>>();
  for (const { kinds } of catalogs) {
    for (const [name, kind] of Object.entries(kinds)) {
      sections.set(name, (sections.get(name) ?? new Set()).add(textOf(name, kind)));
    }
  }
  const sorted = [...sections].sort(([one], [other]) => (one < other ? -1 : 1));
  return [HEAD, ...sorted.map(([name, texts]) => `## ${name}\n\n${[...texts].join('\n')}`)].join('\n');
}

function textOf(name: string, { status, title, about }: ProblemKind): string {
  return `\`${problemType(name)}\`, status ${status}: “${title}”\n\n${about}\n`;
}
