/** The types of the fields of CONNECT that mean something here; others are ignored. */
const FIELD_TYPES = {
  verbose: 'boolean',
  pedantic: 'boolean',
  echo: 'boolean',
  no_responders: 'boolean',
  protocol: 'number',
  name: 'string',
  lang: 'string',
  version: 'string',
  user: 'string',
  pass: 'string',
  auth_token: 'string',
} as const;

interface Types {
  boolean: boolean;
  number: number;
  string: string;
}

/** What a client says about itself in CONNECT. Everything is optional. */
export type ConnectOptions = {
  readonly [Field in keyof typeof FIELD_TYPES]?: Types[(typeof FIELD_TYPES)[Field]];
};

/** Undefined if it is no JSON object, or if a field has the wrong type. `null` is taken for nothing said. */
export function parseConnectOptions(json: string): ConnectOptions | undefined {
  let options: unknown;
  try {
    options = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (options === null) return {};
  if (typeof options !== 'object' || Array.isArray(options)) return undefined;
  const given = options as Record<string, unknown>;
  const valid = Object.entries(FIELD_TYPES).every(
    ([field, type]) => given[field] === undefined || given[field] === null || typeof given[field] === type,
  );
  return valid ? given : undefined;
}
