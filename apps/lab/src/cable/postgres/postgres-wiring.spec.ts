import { describe, expect, it } from '@jest/globals';
import type { Wire } from '../frame.js';
import { postgresWiring } from './postgres-wiring.js';

const text = (...strings: string[]) => Buffer.from(strings.map((string) => `${string}\0`).join(''));

function message(type: string, body = Buffer.alloc(0)): Buffer {
  const head = Buffer.from(`${type}\0\0\0\0`);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function start(code: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(8);
  bytes.writeInt32BE(code, 4);
  return bytes;
}

const STARTUP = start(0x30000);
const SSL_REQUEST = start(80_877_103);
const SYNC = message('S');
const FLUSH = message('H');
const query = (sql: string) => message('Q', text(sql));
const parse = (name: string, sql: string) => message('P', text(name, sql));
const bind = (portal: string, name: string) => message('B', text(portal, name));
const execute = (portal: string) => message('E', text(portal));
const complete = (tag: string) => message('C', text(tag));
const READY = message('Z', Buffer.from('I'));
const ROW = message('D', Buffer.from('a row'));

/** A connection whose two directions can be spoken into. */
class Connection {
  private readonly wire: Wire = postgresWiring();

  /** @returns what is passed on, a frame a line, with what was seen in it */
  say(way: keyof Wire, ...bytes: Buffer[]): unknown[] {
    return this.wire[way].push(Buffer.concat(bytes)).map(({ message: seen, bytes: whole, passed }) => {
      passed?.();
      if (seen === undefined) return whole.length;
      if (seen.protocol !== 'postgres') throw new Error('not of PostgreSQL');
      const { kind, statements, commits, transaction } = seen;
      return [kind, ...statements, ...(commits ? [`commits ${transaction.length}`] : [])];
    });
  }
}

function begun(): Connection {
  const connection = new Connection();
  connection.say('there', STARTUP);
  connection.say('back', message('R', Buffer.alloc(4)), READY);
  return connection;
}

describe('what a cable sees of PostgreSQL’s messages', () => {
  it('begins with the startup message, also where encryption was asked for and refused', () => {
    const connection = new Connection();
    expect(connection.say('there', SSL_REQUEST)).toEqual([8]);
    expect(connection.say('back', Buffer.from('N'))).toEqual([1]);
    expect(connection.say('there', STARTUP, query('select 1'))).toEqual([8, ['request', 'select 1']]);
  });

  it('is nothing where encryption was granted: bytes pass as they come', () => {
    const connection = new Connection();
    connection.say('there', SSL_REQUEST);
    expect(connection.say('back', Buffer.from('S'))).toEqual([1]);
    expect(connection.say('there', query('select 1'))).toEqual([query('select 1').length]);
    expect(connection.say('back', complete('SELECT 1'))).toEqual([complete('SELECT 1').length]);
  });

  it('is nothing where the server speaks first', () => {
    expect(new Connection().say('back', READY)).toEqual([READY.length]);
  });

  it('is the text of a portal’s prepared statement, one request up to Sync', () => {
    const connection = begun();
    const prepare = [
      parse('mine', 'select $1'),
      bind('', 'mine'),
      message('D', Buffer.from('P\0')),
      execute(''),
    ];
    expect(connection.say('there', ...prepare)).toEqual([]);
    expect(connection.say('there', SYNC)).toEqual([['request', 'select $1']]);
    expect(connection.say('there', bind('p', 'mine'), execute('p'), SYNC)).toEqual([
      ['request', 'select $1'],
    ]);
  });

  it('is no statement that is only prepared', () => {
    expect(begun().say('there', parse('mine', 'select $1'), SYNC)).toEqual([['request']]);
  });

  it('holds the end of an answer until the server is ready, and nothing of what comes before it', () => {
    const connection = begun();
    connection.say('there', query('select 1; select 2'));
    expect(connection.say('back', ROW)).toEqual([ROW.length]);
    expect(connection.say('back', complete('SELECT 1'), ROW, complete('SELECT 1'))).toEqual([]);
    expect(connection.say('back', READY)).toEqual([['answer', 'select 1; select 2']]);
  });

  it('passes the answer that a client has flushed out at once: it sends no Sync before it has it', () => {
    const connection = begun();
    connection.say('there', parse('', 'select 1'), bind('', ''), execute(''), FLUSH);
    expect(connection.say('back', complete('SELECT 1'))).toEqual([['answer', 'select 1']]);
    connection.say('there', SYNC);
    expect(connection.say('back', READY)).toEqual([['answer', 'select 1']]);
    connection.say('there', query('select 2'));
    expect(connection.say('back', complete('SELECT 1'), READY)).toEqual([['answer', 'select 2']]);
  });

  it('gives each of several requests under way its own answer', () => {
    const connection = begun();
    connection.say('there', query('select 1'), query('select 2'));
    expect(connection.say('back', complete('SELECT 1'), READY, complete('SELECT 1'), READY)).toEqual([
      ['answer', 'select 1'],
      ['answer', 'select 2'],
    ]);
  });

  it('knows what a transaction has carried when it commits, savepoints undone or not', () => {
    const connection = begun();
    const statements = ['BEGIN', 'savepoint a', 'insert', 'rollback to savepoint a', 'COMMIT', 'commit'];
    const seen = connection.say('there', ...statements.map(query));
    expect(seen.slice(-2)).toEqual([
      ['request', 'COMMIT', 'commits 5'],
      ['request', 'commit'],
    ]);
  });

  it('forgets a transaction that was rolled back', () => {
    const connection = begun();
    const seen = connection.say('there', ...['begin', 'insert', 'ROLLBACK', 'begin', 'end'].map(query));
    expect(seen.at(-1)).toEqual(['request', 'end', 'commits 2']);
  });

  it('passes copied data and what it does not ask for as it comes', () => {
    const connection = begun();
    connection.say('there', query('copy account from stdin'));
    const data = [message('d', Buffer.from('1\n')), message('c')];
    expect(connection.say('there', ...data)).toEqual(data.map(({ length }) => length));
    const notice = message('N', text('Slistening'));
    expect(connection.say('back', notice)).toEqual([notice.length]);
  });
});
