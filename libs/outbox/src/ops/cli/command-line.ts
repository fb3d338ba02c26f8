import { parseArgs } from 'node:util';
import { z } from 'zod';
import { BadCommandLineError, InvalidTableNamesError } from '../../outbox.errors.js';
import { Tables, type TableNames } from '../../schema/tables.js';
import { LIST_STATES } from '../listing.js';
import { LIST_LIMIT_MAX } from '../paging.js';
import { REPLAY_LIMIT_MAX } from '../replay.js';

const databaseUrl = (missing: string) =>
  z
    .string(missing)
    .refine(
      (url) => /^postgres(ql)?:\/\/./.test(url) && URL.canParse(url),
      'expected postgres://user:password@host/name',
    );
const limitUpTo = (max: number) =>
  z
    .string()
    .regex(/^\d+$/, `expected a whole number from 1 to ${max}`)
    .transform(Number)
    .pipe(z.number().min(1, `expected 1 or more`).max(max, `expected ${max} or less`))
    .optional();
const text = z.string().min(1, 'expected a text').optional();
const time = z.iso
  .datetime({ offset: true, error: 'expected a time, such as 2026-11-22T20:00:00Z' })
  .transform((instant) => new Date(instant))
  .optional();
const ids = z.array(z.uuid('expected the id of a message, a UUID'));
const noIds = z.array(z.never('unexpected'));

const names = { schema: text, prefix: text, json: z.boolean().default(false) };
const connected = { ...names, database: databaseUrl('or DATABASE_URL is needed') };

/** What each command takes; `ids` is what stands without a flag. */
const COMMANDS = {
  list: z.strictObject({
    ...connected,
    ids: noIds,
    state: z.enum(LIST_STATES, `expected ${LIST_STATES.join(', ')}`).default('parked'),
    key: text,
    type: text,
    limit: limitUpTo(LIST_LIMIT_MAX),
    after: text,
  }),
  show: z.strictObject({ ...connected, ids: ids.length(1, 'expected one id') }),
  requeue: z.strictObject({ ...connected, ids, key: text, type: text }),
  drop: z.strictObject({
    ...connected,
    ids: ids.min(1, 'expected one id or more'),
    reason: z.string('is needed').min(1, 'expected a text'),
  }),
  stats: z.strictObject({ ...connected, ids: noIds }),
  replay: z.strictObject({
    ...connected,
    ids: noIds,
    key: text,
    type: text,
    from: time,
    to: time,
    limit: limitUpTo(REPLAY_LIMIT_MAX),
  }),
  reconcile: z.strictObject({
    ...connected,
    ids: noIds,
    inbox: databaseUrl('is needed'),
    'inbox-schema': text,
    'inbox-prefix': text,
    from: time,
    to: time,
  }),
  sql: z.strictObject({ ...names, ids: noIds }),
} as const;

type CommandName = keyof typeof COMMANDS;
type Flags<Name extends CommandName> = z.output<(typeof COMMANDS)[Name]>;

/** A command line that was read; `tables` is what its flags `schema` and `prefix` say. */
export type OutboxCommand = {
  [Name in CommandName]: { readonly name: Name; readonly flags: Flags<Name>; readonly tables: Tables };
}[CommandName];

const BOOLEANS = ['json', 'help'];
const STRINGS = [...new Set(Object.values(COMMANDS).flatMap(({ shape }) => Object.keys(shape)))].filter(
  (name) => name !== 'ids' && !BOOLEANS.includes(name),
);
type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;
const OPTIONS: Options = {
  ...Object.fromEntries(BOOLEANS.map((name) => [name, { type: 'boolean' } as const])),
  ...Object.fromEntries(STRINGS.map((name) => [name, { type: 'string' } as const])),
};

/**
 * Reads the command line.
 *
 * @returns nothing where help is asked for
 * @throws BadCommandLineError that names everything that is wrong
 */
export function parseCommandLine(
  commandLine: readonly string[],
  environment: NodeJS.ProcessEnv,
): OutboxCommand | undefined {
  const { given, words, problems } = split(commandLine);
  if (given['help'] === true) return undefined;
  const [name = '', ...rest] = words;
  if (!isCommand(name)) {
    problems.unshift(`expected a command (${Object.keys(COMMANDS).join(', ')}); got ${name || 'none'}`);
    throw new BadCommandLineError(problems);
  }
  const schema = COMMANDS[name];
  const database = given['database'] ?? environment.DATABASE_URL;
  const withDatabase = 'database' in schema.shape && database ? { ...given, database } : given;
  const result = schema.safeParse({ ...withDatabase, ids: rest });
  if (!result.success)
    problems.push(...result.error.issues.flatMap((issue) => problemsOf(issue, name, rest)));
  problems.push(...togetherWrong(name, given, rest));
  const tables = tablesOf({ schema: given['schema'], prefix: given['prefix'] }, problems);
  if (given['inbox-schema'] !== undefined || given['inbox-prefix'] !== undefined) {
    tablesOf({ schema: given['inbox-schema'], prefix: given['inbox-prefix'] }, problems);
  }
  if (problems.length > 0 || !result.success) throw new BadCommandLineError(problems);
  // The schema that was chosen by the name is the one that the flags have passed.
  return { name, flags: result.data, tables } as OutboxCommand;
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

/** Flags by name, and the words between them. What has no value, or one too many, is a problem and left out. */
function split(commandLine: readonly string[]) {
  const { tokens } = parseArgs({
    args: [...commandLine],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given: Record<string, string | boolean> = {};
  const words: string[] = [];
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const { rawName, name, value, inlineValue } = token;
    if (STRINGS.includes(name) && (value === undefined || (!inlineValue && value.startsWith('--')))) {
      problems.push(`${rawName} needs a value`);
    } else if (BOOLEANS.includes(name) && value !== undefined) {
      problems.push(`${rawName} takes no value`);
    } else given[name] = value ?? true;
  }
  return { given, words, problems };
}

function problemsOf(issue: z.core.$ZodIssue, command: CommandName, words: readonly string[]): string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `--${key} is not an option of ${command}`);
  const [flag, nth] = issue.path;
  if (flag !== 'ids') return [`--${String(flag)}: ${issue.message}`];
  return [typeof nth === 'number' ? `${words[nth]}: ${issue.message}` : issue.message];
}

function togetherWrong(
  name: CommandName,
  given: Record<string, unknown>,
  words: readonly string[],
): string[] {
  const count = (...flags: string[]) => flags.filter((flag) => given[flag] !== undefined).length;
  if (name === 'requeue' && count('key', 'type') + Math.min(1, words.length) !== 1) {
    return ['requeue needs either ids, or --key, or --type'];
  }
  if (name === 'replay' && count('key', 'type', 'from', 'to') === 0) {
    return ['replay needs --key, --type, --from or --to'];
  }
  if (name === 'list' && given['state'] === 'dead' && count('key') > 0)
    return ['--key: dead letters have no key'];
  return [];
}

function tablesOf(given: Record<'schema' | 'prefix', unknown>, problems: string[]): Tables | undefined {
  try {
    return new Tables(tableNamesOf(given));
  } catch (error) {
    if (!(error instanceof InvalidTableNamesError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

/** Names as {@link Tables} takes them, which knows no `undefined`. */
export function tableNamesOf({
  schema,
  prefix,
}: {
  readonly schema?: unknown;
  readonly prefix?: unknown;
}): TableNames {
  return {
    ...(typeof schema === 'string' && { schema }),
    ...(typeof prefix === 'string' && { prefix }),
  };
}
