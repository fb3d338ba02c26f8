import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../parts/repository.js';
import { EXPERIMENTS, type Experiment } from './experiments.js';
import { HERE, type Edit, type Mutant } from './mutant.js';
import { MUTANTS } from './mutants.js';
import { occurrencesOf } from './rewrite.js';
import { checkOf } from './run-experiments.js';

/** The document, from the repository's root. */
export const SAFEGUARDS_DOCUMENT = 'docs/safeguards.md';

const INTRODUCTION = `# Safeguards that matter

Which line buys which guarantee. \`npm run mutants\` takes each of these lines out of services that run as processes of
their own, on a real database and a real broker, and plays a scenario that is well while the line is there: a cell of the
[crash matrix](crash-matrix.md), or a scene of its own. Without the line the scenario must turn red as it says here, the
changed line must have run, and with every safeguard the same scenario must be green in the same run; or the run fails.

Nothing in the services knows of this: a hook changes the text of one function or SQL statement as the process loads it.
`;

/** docs/safeguards.md: every safeguard with its lines, what goes wrong without it, and what shows it. */
export function renderSafeguards(): string {
  return `${[INTRODUCTION, overview(), ...MUTANTS.map(section)].join('\n')}`;
}

function overview(): string {
  const lines = MUTANTS.map((mutant) => {
    const shown = experimentsWith(mutant).map(({ finds }) => finds.join(', '));
    return `| [${mutant.name}](#${mutant.name}) | ${capital(mutant.safeguard)} | ${[...new Set(shown)].join('; ')} |`;
  });
  return ['| Taken out | Safeguard | What is found then |', '| --- | --- | --- |', ...lines, ''].join('\n');
}

function section(mutant: Mutant): string {
  const { name, safeguard, edits, breaks } = mutant;
  return [
    `## ${name}`,
    '',
    `${capital(safeguard)}.`,
    '',
    ...edits.flatMap((edit) => [
      `\`${edit.file}\`, \`${edit.within}\`:`,
      '',
      '```diff',
      ...difference(edit),
      '```',
      '',
    ]),
    `Without it: ${breaks}.`,
    '',
    ...experimentsWith(mutant).map((experiment) => shown(experiment, name)),
    '',
  ].join('\n');
}

function shown({ mutants, check, finds }: Experiment, name: string): string {
  const others = mutants.filter((other) => other !== name).map((other) => `[${other}](#${other})`);
  const together = others.length === 0 ? '' : `, together with ${others.join(' and ')}`;
  return `- Shown by **${check}** (${checkOf(check).title})${together}: ${finds.join(', ')}`;
}

function experimentsWith({ name }: Mutant): Experiment[] {
  return EXPERIMENTS.filter(({ mutants }) => mutants.includes(name));
}

/** The lines of the source that are changed, before and after. */
function difference({ file, find, replace }: Edit): string[] {
  const text = readFileSync(join(repositoryRoot, file), 'utf8');
  const [place] = occurrencesOf(text, find);
  if (place === undefined) throw new Error(`${file} does not have: ${find}`);
  const from = text.lastIndexOf('\n', place.start) + 1;
  const end = text.indexOf('\n', place.end);
  const before = text.slice(from, end);
  const after =
    text.slice(from, place.start) + replace.replace(`${HERE} ?? `, '') + text.slice(place.end, end);
  const indent = /^ */.exec(before)?.[0].length ?? 0;
  return [...signed('-', before, indent), ...signed('+', after, indent)];
}

function signed(sign: '-' | '+', lines: string, indent: number): string[] {
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `${sign} ${line.slice(Math.min(indent, /^ */.exec(line)?.[0].length ?? 0))}`);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
