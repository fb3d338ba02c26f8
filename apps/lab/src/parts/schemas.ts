import { execute } from './sql.js';

/** A schema of its own in a database that somebody gave. */
export interface Schema {
  /** The database's URL with the schema as the only one in the search path. */
  readonly url: string;
  drop(): Promise<void>;
}

/** Makes an empty schema, so that several runs can share a database and leave nothing in it. */
export async function createSchema(databaseUrl: string, name: string): Promise<Schema> {
  await execute(databaseUrl, `create schema "${name}"`);
  return {
    url: withSearchPath(databaseUrl, name),
    drop: () => execute(databaseUrl, `drop schema if exists "${name}" cascade`),
  };
}

/** Adds the search path to the options that a connection starts with; pg and TypeORM hand them to the server. */
export function withSearchPath(databaseUrl: string, schema: string): string {
  const url = new URL(databaseUrl);
  const options = [url.searchParams.get('options'), `-c search_path=${schema}`].filter(Boolean).join(' ');
  url.searchParams.delete('options');
  // By hand: searchParams writes a blank as `+`, which not every reader of a database URL takes for a blank.
  url.search += `${url.search === '' ? '?' : '&'}options=${encodeURIComponent(options)}`;
  return url.href;
}
