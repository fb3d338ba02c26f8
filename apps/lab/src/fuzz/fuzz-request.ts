import type { ApiOperation } from './api-document.js';

/** A request while it is made. */
export interface Draft {
  readonly operation: ApiOperation;
  method: string;
  /** The parameters in the path, as they are sent: escaped already. */
  readonly path: Record<string, string>;
  readonly query: [name: string, value: string][];
  readonly headers: Record<string, string>;
  json: unknown;
  /** In place of `json`. */
  raw?: Buffer;
}

/** A request as it is sent. */
export interface FuzzRequest {
  readonly operation: ApiOperation;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** False for what no operation takes, and so no operation documents the answer to. */
  readonly routed: boolean;
  /** What is wrong with it, in words; none for one that the document allows. */
  readonly flaws: readonly string[];
}

/** Writes a draft out. */
export function requestOf(draft: Draft, flaws: readonly string[]): FuzzRequest {
  const { operation, method, headers, json, raw } = draft;
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => draft.path[name] ?? '');
  const query = draft.query.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&');
  const body = raw ?? (json === undefined ? undefined : Buffer.from(JSON.stringify(json)));
  return {
    operation,
    method,
    target: query ? `${path}?${query}` : path,
    headers,
    body,
    routed: isRouted(draft),
    flaws,
  };
}

/** Whether a router comes so far as to know which operation is meant. */
function isRouted({ operation, method, path }: Draft): boolean {
  return method === operation.method && Object.values(path).every(isReadable);
}

function isReadable(parameter: string): boolean {
  try {
    return decodeURIComponent(parameter).length <= PARAMETER_LENGTH_MAX;
  } catch {
    return false;
  }
}

/** As in a URL; half a surrogate pair has no UTF-8, and stays out. */
function escaped(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

/** For a person who wants to send it again. */
export function describeRequest({ method, target, headers, body, flaws }: FuzzRequest): string {
  const shown =
    body && body.length > SHOWN_MAX ? `${body.toString('latin1', 0, SHOWN_MAX)}…` : body?.toString();
  const about = flaws.length > 0 ? flaws.join(', ') : 'nothing wrong';
  return `${method} ${target.slice(0, SHOWN_MAX)} ${JSON.stringify(headers).slice(0, SHOWN_MAX)} ${shown ?? ''} (${about})`;
}

/** What the router of the services reads of a part of an address. */
const PARAMETER_LENGTH_MAX = 100;
const SHOWN_MAX = 400;
