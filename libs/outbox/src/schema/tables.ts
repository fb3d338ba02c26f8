import { createHash } from 'node:crypto';
import { QueryFailedError, type QueryRunner } from 'typeorm';
import { InvalidTableNamesError } from '../outbox.errors.js';

/** Where the tables stand, and what their names begin with. */
export interface TableNames {
  /** Default: the first schema of the connection's search path. */
  readonly schema?: string;
  /** Put in front of every table and index name, such as `billing_`; default: nothing. */
  readonly prefix?: string;
}

/** What runs SQL: a TypeORM `DataSource`, `EntityManager` or `QueryRunner`. */
export interface SqlRunner {
  query<Rows>(sql: string, parameters?: unknown[]): Promise<Rows>;
  /** The connection of a transaction, where it runs in one. */
  readonly queryRunner?: QueryRunner | undefined;
}

/** What of the client of `pg` is used here; TypeORM types it as `any`. */
interface PostgresClient {
  query(statement: { name: string; text: string; values: unknown[] }): Promise<{ rows: unknown }>;
}

/** The library's tables and indexes as the static statements name them. */
const OWN_NAME = /\b(?:outbox|inbox)_[a-z0-9_]+\b/g;
/** What follows one of these is created in its table's schema, and may not name one. */
const INDEX_NAME = /(create (?:unique )?index )"[^"]+"\./g;
const IDENTIFIER = /^[a-z_][a-z0-9_]*$/;
/** PostgreSQL cuts names off at 63 bytes; the longest of ours, a partition's index, needs 43. */
const PREFIX_LENGTH_MAX = 20;
/** Enough that no two of a connection's statements meet. */
const NAME_DIGITS = 32;

/** A static statement as it runs here, and how often it did. */
interface Statement {
  readonly text: string;
  /** Of the text alone, so that two outboxes on one connection do not take each other's. */
  readonly name: string;
  runs: number;
}

/**
 * Gives the statements of this library their table names. They are written as static text with the plain names,
 * so that they can be read and explained as they stand; the chosen schema and prefix are put in once for each.
 */
export class Tables {
  private readonly statements = new Map<string, Statement>();
  private readonly qualifier: string;
  private readonly prefix: string;

  /** @throws InvalidTableNamesError for names that would have to be quoted, or are too long */
  constructor({ schema, prefix = '' }: TableNames = {}) {
    for (const [name, value] of Object.entries({ schema, prefix })) {
      if (value && !IDENTIFIER.test(value)) {
        throw new InvalidTableNamesError(`${name} is "${value}"; expected small letters, digits and _ only`);
      }
    }
    if (prefix.length > PREFIX_LENGTH_MAX) {
      throw new InvalidTableNamesError(`prefix is longer than ${PREFIX_LENGTH_MAX} characters: "${prefix}"`);
    }
    this.qualifier = schema === undefined ? '' : `"${schema}".`;
    this.prefix = prefix;
  }

  /** A static statement with the chosen names. */
  text(sql: string): string {
    return this.statement(sql).text;
  }

  /** The same for who runs it now: it is counted. */
  textToRun(sql: string): string {
    const statement = this.statement(sql);
    statement.runs++;
    return statement.text;
  }

  /** The name under which a connection keeps it prepared. */
  nameOf(sql: string): string {
    return this.statement(sql).name;
  }

  /** How often a static statement was run, by whomever. */
  runsOf(sql: string): number {
    return this.statements.get(sql)?.runs ?? 0;
  }

  /** How often any statement was run. */
  get runs(): number {
    let runs = 0;
    for (const statement of this.statements.values()) runs += statement.runs;
    return runs;
  }

  /** What statements run on: the given connection, under the chosen names. */
  on(runner: SqlRunner): Sql {
    return new Sql(runner, this);
  }

  private statement(sql: string): Statement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      const text = sql
        .replace(OWN_NAME, (name) => `${this.qualifier}${this.prefix}${name}`)
        .replace(INDEX_NAME, '$1');
      const name = `outbox_${createHash('sha256').update(text).digest('hex').slice(0, NAME_DIGITS)}`;
      statement = { text, name, runs: 0 };
      this.statements.set(sql, statement);
    }
    return statement;
  }
}

/** Runs the statements of this library; see {@link Tables}. */
export class Sql {
  constructor(
    private readonly runner: SqlRunner,
    readonly tables: Tables,
  ) {}

  query<Rows>(sql: string, parameters: unknown[] = []): Promise<Rows> {
    return this.runner.query<Rows>(this.tables.textToRun(sql), parameters);
  }

  /**
   * The same for a statement that every transaction runs: each connection parses it once, and plans it a few times.
   * That is half of its time (a pooler between has to know of prepared statements: PgBouncer does from 1.21 on).
   */
  async prepared<Rows>(sql: string, values: unknown[]): Promise<Rows> {
    const { queryRunner } = this.runner;
    if (!queryRunner) return this.query<Rows>(sql, values);
    const client = (await queryRunner.connect()) as PostgresClient;
    const text = this.tables.textToRun(sql);
    const { logger } = queryRunner.dataSource;
    void logger.logQuery(text, values, queryRunner);
    try {
      return (await client.query({ name: this.tables.nameOf(sql), text, values })).rows as Rows;
    } catch (error) {
      void logger.logQueryError(error as Error, text, values, queryRunner);
      throw new QueryFailedError(text, values, error as Error);
    }
  }
}
