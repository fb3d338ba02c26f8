import { ConfigurationError } from '../errors.js';
import { parseBoolean, parseDuration, parseInteger, parseSize } from './units.js';

/** What the command line can set. Absent: the default. */
export interface CommandSettings {
  port?: number;
  host?: string;
  clusterId?: string;
  store?: string;
  directory?: string;
  channelsMax?: number;
  messagesMax?: number;
  bytesMax?: number;
  ageMaxMs?: number;
  subscriptionsMax?: number;
  fileSync?: boolean;
  monitorPort?: number;
  logFile?: string;
  debug?: boolean;
  user?: string;
  pass?: string;
  token?: string;
  heartbeatIntervalMs?: number;
  heartbeatTimeoutMs?: number;
  heartbeatFailuresMax?: number;
  help?: boolean;
  version?: boolean;
}

interface Flag {
  readonly names: readonly string[];
  /** What the help calls the value; none: the flag is a switch. */
  readonly value?: string;
  readonly about: string;
  /** Returns false for a value that it can't take. */
  readonly set: (settings: CommandSettings, text: string) => boolean;
}

type KeyOf<T> = {
  [K in keyof CommandSettings]-?: Exclude<CommandSettings[K], undefined> extends T ? K : never;
}[keyof CommandSettings];

function parsed<T>(key: KeyOf<T>, parse: (text: string) => T | undefined): Flag['set'] {
  return (settings, text) => {
    const value = parse(text);
    Object.assign(settings, { [key]: value });
    return value !== undefined;
  };
}

const text = (key: KeyOf<string>): Flag['set'] => parsed<string>(key, (value) => value);
const integer = (key: KeyOf<number>): Flag['set'] => parsed(key, parseInteger);
const size = (key: KeyOf<number>): Flag['set'] => parsed(key, parseSize);
const duration = (key: KeyOf<number>): Flag['set'] => parsed(key, parseDuration);
const boolean = (key: KeyOf<boolean>): Flag['set'] => parsed(key, parseBoolean);

/** The real server's names. */
const FLAGS: readonly Flag[] = [
  {
    names: ['a', 'addr'],
    value: 'host',
    about: 'address to listen on (default 127.0.0.1)',
    set: text('host'),
  },
  {
    names: ['p', 'port'],
    value: 'port',
    about: 'port for clients (default 4222; 0: a free one)',
    set: integer('port'),
  },
  {
    names: ['cid', 'cluster_id'],
    value: 'id',
    about: 'cluster id (default test-cluster)',
    set: text('clusterId'),
  },
  { names: ['st', 'store'], value: 'type', about: 'MEMORY or FILE (default MEMORY)', set: text('store') },
  { names: ['dir'], value: 'path', about: 'directory of the FILE store', set: text('directory') },
  {
    names: ['mc', 'max_channels'],
    value: 'n',
    about: 'channels (0: unlimited)',
    set: integer('channelsMax'),
  },
  {
    names: ['msu', 'max_subs'],
    value: 'n',
    about: 'subscriptions of a channel',
    set: integer('subscriptionsMax'),
  },
  { names: ['mm', 'max_msgs'], value: 'n', about: 'messages of a channel', set: integer('messagesMax') },
  { names: ['mb', 'max_bytes'], value: 'size', about: 'bytes of a channel, as 64MB', set: size('bytesMax') },
  {
    names: ['ma', 'max_age'],
    value: 'duration',
    about: 'age of a message, as 24h',
    set: duration('ageMaxMs'),
  },
  {
    names: ['file_sync'],
    value: 'bool',
    about: 'fsync before acknowledging (default true)',
    set: boolean('fileSync'),
  },
  {
    names: ['m', 'http_port'],
    value: 'port',
    about: 'port of the monitoring page',
    set: integer('monitorPort'),
  },
  { names: ['l', 'log'], value: 'path', about: 'file to log into', set: text('logFile') },
  { names: ['SDV', 'SD', 'stan_debug', 'D', 'debug', 'DV'], about: 'say more', set: boolean('debug') },
  { names: ['SV', 'stan_trace', 'V', 'trace'], about: 'accepted; there is no more to say', set: () => true },
  { names: ['user'], value: 'name', about: 'user required of clients', set: text('user') },
  { names: ['pass'], value: 'password', about: 'its password', set: text('pass') },
  { names: ['auth'], value: 'token', about: 'token required of clients', set: text('token') },
  {
    names: ['hbi', 'hb_interval'],
    value: 'duration',
    about: 'between heartbeats',
    set: duration('heartbeatIntervalMs'),
  },
  {
    names: ['hbt', 'hb_timeout'],
    value: 'duration',
    about: 'wait for an answer',
    set: duration('heartbeatTimeoutMs'),
  },
  {
    names: ['hbf', 'hb_fail_count'],
    value: 'n',
    about: 'failures allowed',
    set: integer('heartbeatFailuresMax'),
  },
  { names: ['h', 'help'], about: 'this text', set: boolean('help') },
  { names: ['v', 'version'], about: 'the version', set: boolean('version') },
];

const BY_NAME = new Map(FLAGS.flatMap((flag) => flag.names.map((name) => [name, flag] as const)));

/**
 * Reads a command line: `-flag value`, `--flag value`, `-flag=value`. What it doesn't know becomes a warning.
 * Throws `ConfigurationError` for a value that a known flag can't take, naming all of them.
 */
export function parseFlags(words: readonly string[]): { settings: CommandSettings; warnings: string[] } {
  const settings: CommandSettings = {};
  const warnings: string[] = [];
  const errors: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name = '', given] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const flag = BY_NAME.get(name);
    if (flag === undefined) {
      const value =
        name !== '' && given === undefined && rest[0]?.startsWith('-') === false ? rest.shift() : undefined;
      warnings.push(`unknown argument ${[word, value].filter(Boolean).join(' ')} is ignored`);
      continue;
    }
    const value = given ?? (flag.value === undefined ? 'true' : rest.shift());
    if (value === undefined || !flag.set(settings, value))
      errors.push(`${word}: ${value ?? 'needs a value'}`);
  }
  if (errors.length > 0) throw new ConfigurationError(`invalid arguments: ${errors.join('; ')}`);
  return { settings, warnings };
}

export function helpText(): string {
  const rows = FLAGS.map(({ names, value, about }) => {
    const spelled = names.map((name) => (name.length > 3 ? `--${name}` : `-${name}`)).join(', ');
    return `  ${`${spelled}${value === undefined ? '' : ` <${value}>`}`.padEnd(36)}${about}`;
  });
  return ['Usage: nats-streaming [options]', '', ...rows, ''].join('\n');
}
