import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Node's own, in every program with an HTTP server. */
const NODE_STEPS = ['http.server.request.start'];
/** The libraries that announce steps, and the name of each one's list. */
const STEP_LISTS = { 'libs/nats': 'NATS_STEPS', 'libs/outbox': 'OUTBOX_STEPS' } as const;

/** The directory of the build that a program is part of: each is built with libraries of its own. */
export function buildRootOf(script: string): string {
  for (let directory = dirname(realpathSync(script)); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'libs')) && existsSync(join(directory, 'apps'))) return directory;
    if (directory === dirname(directory)) throw new Error(`${script} is not part of a build`);
  }
}

/** The built file of a source file, whether it is there or not. */
export function builtFile(buildRoot: string, source: string): string {
  return join(buildRoot, source.replace(/\.ts$/, '.js'));
}

/** The names of all steps that a program may announce: those of its own libraries, and of Node. */
export async function stepsOf(buildRoot: string): Promise<string[]> {
  const lists = Object.entries(STEP_LISTS).map(async ([library, list]) => {
    const file = builtFile(buildRoot, `${library}/src/diagnostics.ts`);
    if (!existsSync(file)) return [];
    const diagnostics = (await import(pathToFileURL(file).href)) as Record<string, readonly string[]>;
    return diagnostics[list] ?? [];
  });
  return [...NODE_STEPS, ...(await Promise.all(lists)).flat()];
}
