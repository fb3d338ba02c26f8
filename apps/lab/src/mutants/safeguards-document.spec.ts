import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../parts/repository.js';
import { CHECKS } from './checks/checks.js';
import { EXPERIMENTS } from './experiments.js';
import { MUTANTS } from './mutants.js';
import { renderSafeguards, SAFEGUARDS_DOCUMENT } from './safeguards-document.js';

describe('the document of the safeguards', () => {
  it('shows the lines as they are in the sources', () => {
    expect(readFileSync(join(repositoryRoot, SAFEGUARDS_DOCUMENT), 'utf8')).toBe(renderSafeguards());
  });

  it.each(MUTANTS.map(({ name }) => name))('names what shows that it matters: %s', (name) => {
    expect(EXPERIMENTS.some(({ mutants }) => mutants.includes(name))).toBe(true);
  });

  it.each(CHECKS.map(({ name }) => name))('has a use for the check %s', (name) => {
    expect(EXPERIMENTS.some(({ check }) => check === name)).toBe(true);
  });

  it('every experiment finds something, named in the order of the alphabet', () => {
    for (const { finds } of EXPERIMENTS) {
      expect(finds.length).toBeGreaterThan(0);
      expect(finds).toEqual([...finds].sort());
    }
  });
});
