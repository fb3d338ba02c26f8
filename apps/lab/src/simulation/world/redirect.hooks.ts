import type { ResolveHook } from 'node:module';

let replacements: Readonly<Record<string, string>> = {};

/** By the name of the package: the URL of what is loaded in its place. */
export function initialize(given: Readonly<Record<string, string>>): void {
  replacements = given;
}

/** A replacement itself gets what it replaces. */
export const resolve: ResolveHook = (specifier, context, next) => {
  const url = replacements[specifier];
  if (url === undefined || context.parentURL === url) return next(specifier, context);
  return { url, format: 'module', shortCircuit: true };
};
