import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import fc from 'fast-check';
import { playScript, type Step } from './play-script.js';
import { PostgresReplay } from './postgres-replay.js';
import { RealDatabase } from './real-database.js';

jest.setTimeout(120_000);

const TABLE = 'create table thing (id int primary key, a int, b bigint, c boolean, d text, e timestamptz)';
const COLUMNS = 'a int, b bigint, c boolean, d text, e timestamptz';

const rowOf = fc.tuple(
  fc.option(fc.integer({ min: -3, max: 3 })),
  fc.option(fc.integer({ min: -3, max: 3 })),
  fc.option(fc.boolean()),
  fc.option(fc.constantFrom('', 'a', 'ab', 'b')),
  fc.option(fc.constantFrom('2026-06-01T12:00:00Z', '2026-06-01T12:00:00.000001Z', '2026-06-02T00:00:00Z')),
);

/** Texts of expressions, by their types; what comes to an error of arithmetic is left out. */
const { number, condition, text, instant } = fc.letrec<
  Record<'number' | 'condition' | 'text' | 'instant', string>
>((tie) => {
  const [numbers, conditions, texts, instants] = [
    tie('number'),
    tie('condition'),
    tie('text'),
    tie('instant'),
  ];
  const joined = (one: fc.Arbitrary<string>, operators: readonly string[], other: fc.Arbitrary<string>) =>
    fc.tuple(one, fc.constantFrom(...operators), other).map((parts) => parts.join(' '));
  const call = (names: readonly string[], operand: fc.Arbitrary<string>) =>
    fc
      .tuple(fc.constantFrom(...names), fc.array(operand, { minLength: 1, maxLength: 3 }))
      .map(([name, operands]) => `${name}(${operands.join(', ')})`);
  const chosen = (value: fc.Arbitrary<string>) =>
    fc
      .tuple(conditions, value, conditions, value, fc.option(value))
      .map(([when, then, next, other, last]) => {
        return `case when ${when} then ${then} when ${next} then ${other}${last === null ? '' : ` else ${last}`} end`;
      });
  const inside = (value: fc.Arbitrary<string>) => value.map((one) => `(${one})`);
  const COMPARED = ['=', '<>', '<', '>', '<=', '>='];
  const suffix = (value: fc.Arbitrary<string>) =>
    fc.tuple(value, fc.constantFrom('is null', 'is not null')).map(([one, test]) => `(${one}) ${test}`);
  return {
    number: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('a', 'b', '0', '1', '2', 'null::int', 'a::bigint'),
      joined(numbers, ['+', '-', '*'], numbers),
      inside(numbers),
      inside(numbers).map((one) => `- ${one}`),
      call(['least', 'greatest', 'coalesce'], numbers),
      inside(chosen(numbers)),
      call(['num_nonnulls'], texts),
      conditions.map((one) => `(${one})::int`),
    ),
    condition: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('c', 'true', 'false', 'null::boolean'),
      joined(conditions, ['and', 'or'], conditions),
      conditions.map((one) => `not ${one}`),
      inside(conditions),
      inside(
        joined(inside(numbers), [...COMPARED, 'is distinct from', 'is not distinct from'], inside(numbers)),
      ),
      inside(joined(inside(texts), ['=', '<>', 'is distinct from'], inside(texts))),
      inside(joined(instants, COMPARED, instants)),
      suffix(numbers),
      suffix(texts),
      conditions.map((one) => `(${one}) is true`),
      fc
        .tuple(numbers, fc.array(numbers, { minLength: 1, maxLength: 3 }), fc.boolean())
        .map(([one, others, not]) => {
          return `(${one}) ${not ? 'not ' : ''}in (${others.join(', ')})`;
        }),
      fc
        .tuple(numbers, numbers, numbers)
        .map(([one, from, to]) => `((${one}) between (${from}) and (${to}))`),
    ),
    text: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('d', `''::text`, `'a'::text`, 'null::text', 'a::text'),
      joined(inside(texts), ['||'], inside(texts)),
      call(['coalesce'], texts),
      inside(chosen(texts)),
    ),
    instant: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('e', `'2026-06-01T12:00:00Z'::timestamptz`),
      call(['least', 'greatest', 'coalesce'], instants),
      fc
        .tuple(instants, fc.constantFrom('+', '-'), fc.constantFrom('1 second', '2 hours', '1 millisecond'))
        .map(([one, sign, span]) => `(${one} ${sign} interval '${span}')`),
    ),
  };
});

let own: TestDatabase;
let database: RealDatabase;

beforeAll(async () => {
  own = await createTestDatabase();
  database = await RealDatabase.make(own.url, [TABLE]);
});
afterAll(async () => {
  await database.end();
  await own.drop();
});

/** Plays the statements on rows in both databases. */
async function differencesOf(rows: readonly unknown[][], statements: readonly string[]): Promise<unknown> {
  const fill = rows.map((row, index): Step => {
    return ['s', 'insert into thing (id, a, b, c, d, e) values ($1, $2, $3, $4, $5, $6)', index, ...row];
  });
  const steps = statements.map((statement): Step => ['s', statement]);
  const journal = playScript(statements.join('; '), [TABLE], [...fill, ...steps, ['s', 'commit']]);
  const { differences } = await new PostgresReplay(database, journal).play();
  return differences;
}

describe(`over rows of (${COLUMNS}), the seeded database and PostgreSQL agree`, () => {
  it('in what expressions come to, and of which type: operators, nulls, conditions, cases and casts', async () => {
    const rows = fc.array(rowOf, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(rows, number, condition, text, instant, async (given, ...expressions) => {
        const outputs = expressions.map((expression, index) => `${expression} as x${index}`).join(', ');
        expect(await differencesOf(given, [`select ${outputs} from thing`])).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('in which rows a condition is true of, what is counted of them, and what a write of them leaves', async () => {
    const rows = fc.array(rowOf, { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(rows, condition, condition, number, async (given, where, filter, value) => {
        const statements = [
          `select c, count(*) as all, count(a) as known, count(*) filter (where ${filter}) as some, min(b) as least, max(d) as last
           from thing where ${where} group by c`,
          `select count(*) as all, max(a) as most from thing where ${where}`,
          `select id, row_number() over (partition by c order by a, id desc) as place from thing where ${where}`,
          `select one.id, other.id as twin from thing as one left join thing as other on one.a = other.b and one.id <> other.id`,
          `update thing set b = ${value}, d = d || 'x' where ${where} returning id, b, d`,
          `with gone as (delete from thing where ${filter} returning id, a)
           insert into thing (id, a) select id + 100, a from gone on conflict (id) do nothing returning id`,
        ];
        expect(await differencesOf(given, statements)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
