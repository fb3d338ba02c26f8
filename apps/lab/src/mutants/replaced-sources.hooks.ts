/** Module hooks that give some files another text. In a thread of their own where Node has them so. */
import type { LoadFnOutput, LoadHookContext } from 'node:module';

let sources: ReadonlyMap<string, string> = new Map();

/** @param replaced the texts by their files' URLs */
export function initialize(replaced: ReadonlyMap<string, string>): void {
  sources = replaced;
}

export function load<Loaded>(
  url: string,
  context: LoadHookContext,
  nextLoad: (url: string, context: LoadHookContext) => Loaded,
): Loaded | LoadFnOutput {
  const source = sources.get(url);
  if (source === undefined) return nextLoad(url, context);
  return { format: 'module', source, shortCircuit: true };
}
