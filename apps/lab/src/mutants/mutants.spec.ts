import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../parts/repository.js';
import { MUTANTS } from './mutants.js';
import { rewrite } from './rewrite.js';

describe('the mutants', () => {
  it('have names of their own', () => {
    const names = MUTANTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    'the text that %s changes stands once in the sources',
    (_name, { name, edits }) => {
      const texts = new Map<string, string>();
      for (const [index, edit] of edits.entries()) {
        const text = texts.get(edit.file) ?? readFileSync(join(repositoryRoot, edit.file), 'utf8');
        texts.set(edit.file, rewrite(text, name, edit, index));
        expect(texts.get(edit.file)).not.toBe(text);
      }
    },
  );
});
