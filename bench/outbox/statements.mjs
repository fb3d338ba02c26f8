/** Counts what the client sends to the database, BEGIN and COMMIT included, and reads the plans that come back. */
import pg from 'pg';
import { STATEMENT_NAMES } from './library.mjs';

/**
 * Session settings under which the server sends `EXPLAIN (ANALYZE, BUFFERS)` of each statement as a notice: the
 * plan of the very statement, with its own parameters, as the relay runs it.
 */
export const EXPLAIN_EVERY_STATEMENT = Object.entries({
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_buffers': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_format': 'json',
  client_min_messages: 'log',
  // Above LOG: the plans are for the client, not for the server's own log.
  log_min_messages: 'fatal',
})
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');

/** Watches all connections of this process that are opened from now on. */
export class Statements {
  #byPool = new Map();

  /** @param onSent called for each statement, with the promise of its answer where there is one */
  constructor(onSent = () => undefined) {
    const statements = this;
    const { query, connect } = pg.Client.prototype;
    pg.Client.prototype.query = function (what, ...rest) {
      const text = typeof what === 'string' ? what : what.text;
      const pool = poolOf(this);
      statements.#countOf(pool, text).calls++;
      const answer = query.call(this, what, ...rest);
      onSent(pool, text, answer);
      return answer;
    };
    pg.Client.prototype.connect = function (...rest) {
      this.on('notice', ({ message }) => statements.#noteExplained(poolOf(this), message));
      return connect.apply(this, rest);
    };
  }

  /** What a pool has sent since the last time, by name; and forgets it. */
  take(pool) {
    const counts = this.#byPool.get(pool) ?? new Map();
    this.#byPool.delete(pool);
    return Object.fromEntries(counts);
  }

  #countOf(pool, text) {
    if (!this.#byPool.has(pool)) this.#byPool.set(pool, new Map());
    const counts = this.#byPool.get(pool);
    const name = STATEMENT_NAMES.get(text) ?? text.trim().split(/\s+/, 3).join(' ').toLowerCase();
    if (!counts.has(name)) counts.set(name, { calls: 0, buffers: 0, rows: 0 });
    return counts.get(name);
  }

  #noteExplained(pool, message) {
    const start = message?.indexOf('plan:\n') ?? -1;
    if (start < 0) return;
    const { 'Query Text': text, Plan: plan } = JSON.parse(message.slice(start + 'plan:\n'.length));
    const count = this.#countOf(pool, text);
    count.buffers += buffersOf(plan);
    count.rows += plan['Actual Rows'];
  }
}

const poolOf = (client) => client.connectionParameters.application_name;

/**
 * The buffers of a whole statement. A node's numbers contain those of the nodes below it, but a `with` part that
 * changes rows and that nothing reads runs after the rest, and is in no other node's numbers.
 */
function buffersOf(plan) {
  const read = new Set();
  const visit = (node) => {
    if (node['CTE Name'] !== undefined) read.add(`CTE ${node['CTE Name']}`);
    node.Plans?.forEach(visit);
  };
  visit(plan);
  const apart = (plan.Plans ?? []).filter(
    ({ 'Subplan Name': name }) => name?.startsWith('CTE ') && !read.has(name),
  );
  return [plan, ...apart].reduce(
    (sum, node) => sum + node['Shared Hit Blocks'] + node['Shared Read Blocks'],
    0,
  );
}

/** All statements of {@link Statements.take}. */
export function callsOf(counts) {
  return Object.values(counts).reduce((sum, { calls }) => sum + calls, 0);
}
