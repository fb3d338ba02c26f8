import { UnknownSqlError } from '../simulation.errors.js';

/** A word is lower case; a string has lost its quotes, and `$1` is a parameter of the text `1`. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'parameter' | 'number' | 'sign';
  readonly text: string;
}

const SPACE = /(?:\s+|--[^\n]*|\/\*[^]*?\*\/)*/y;
const TOKEN =
  /(?<word>[a-z_][a-z0-9_]*)|"(?<quoted>[^"]+)"|'(?<string>(?:[^']|'')*)'|\$(?<parameter>\d+)|(?<number>\d+(?:\.\d+)?)|(?<sign>::|=>|<>|<=|>=|\|\||[-+*/^(),.;<>=[\]])/iy;

/** @throws UnknownSqlError for a character that no token begins with */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, TOKEN.lastIndex)) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    if (!groups) throw new UnknownSqlError(`no token begins at "${text.slice(at, at + 20)}"`, text);
    const [kind, found] = Object.entries(groups).find(([, value]) => value !== undefined) as [
      Token['kind'],
      string,
    ];
    tokens.push({ kind, text: kind === 'word' ? found.toLowerCase() : found.replaceAll("''", "'") });
  }
  return tokens;
}

function skipSpace(text: string, from: number): number {
  SPACE.lastIndex = from;
  SPACE.exec(text);
  return SPACE.lastIndex;
}
