import { describe, expect, it } from '@jest/globals';
import { HERE, type Edit } from './mutant.js';
import { MutantNotFoundError, rewrite, SQL_MARK } from './rewrite.js';

const edit = (change: Partial<Edit>): Edit => ({
  file: 'libs/some/src/file.ts',
  within: 'f',
  language: 'code',
  find: 'if (known) return;',
  replace: '',
  ...change,
});

describe('the rewriting of a text', () => {
  it('calls what tells that it ran in the place of the statement', () => {
    const text = 'function f() { if (known)\n    return; work(); }';
    expect(rewrite(text, 'm', edit({}), 0)).toBe("function f() { globalThis.labMutantRan('m#1');  work(); }");
  });

  it('finds a text however its words are spread over lines, and takes no sign of it for a pattern', () => {
    const find = 'send(a, [b]) as $1 .*';
    expect(rewrite('x; send(a,\n   [b]) as $1\n.* y', 'm', edit({ find, replace: '$& done;' }), 1)).toBe(
      "x; globalThis.labMutantRan('m#2'); $& done; y",
    );
  });

  it('puts the call where the replacement wants it', () => {
    const change = edit({ find: 'max: -1,', replace: `max: ${HERE} ?? 0,` });
    expect(rewrite('{ max: -1, }', 'm', change, 0)).toBe("{ max: globalThis.labMutantRan('m#1') ?? 0, }");
  });

  it('marks an SQL text so that who sends it can tell', () => {
    const change = edit({ language: 'sql', find: 'order by id', replace: 'order by random()' });
    const changed = rewrite('select id from account order by id for update', 'm', change, 2);
    expect(changed).toBe('select id from account /* lab mutant m#3 */ order by random() for update');
    expect([...changed.matchAll(SQL_MARK)].map(([, mark]) => mark)).toEqual(['m#3']);
  });

  it.each([
    [0, 'work();'],
    [2, 'if (known) return; if (known) return;'],
  ])('refuses a text that is there %i times', (occurrences, text) => {
    const refused = () => rewrite(text, 'm', edit({}), 0);
    expect(refused).toThrow(MutantNotFoundError);
    expect(refused).toThrow(
      `mutant m: expected exactly once in libs/some/src/file.ts, found ${occurrences} times`,
    );
  });
});
