import {
  BAD_BODIES,
  BAD_CONTENT_TYPES,
  BAD_CURSORS,
  BAD_HEADERS,
  BAD_MEMBERS,
  BAD_TEXTS,
  STRANGE_HEADERS,
} from './bad-values.js';
import type { Chance } from './chance.js';
import type { Draft } from './fuzz-request.js';
import type { KnownThings } from './known-things.js';

/** What a flaw is made with. */
export interface FlawTools {
  readonly chance: Chance;
  readonly known: KnownThings;
}

/** Spoils a draft. */
type Flaw = (draft: Draft, tools: FlawTools) => void;

/** Where in a body a member can be changed. */
interface Place {
  readonly holder: Record<string, unknown>;
  readonly name: string;
}

const OTHER_METHODS = ['PUT', 'PATCH', 'DELETE'];
/** Escapes that are no UTF-8; a router gives up before it knows which operation is meant. */
const UNDECODABLE = ['%', '%zz', '%c3%28', '%ff'];
/** Longer than any id that the router reads. */
const LONG_ID = 'a'.repeat(150);

const BODY_FLAWS: Record<string, Flaw> = {
  'a member is wrong': changeMember,
  'a member is missing': ({ json }, { chance }) => {
    const { holder, name } = placeIn(json, chance);
    delete holder[name];
  },
  'a member is unknown': ({ json }, { chance }) => {
    const { holder } = placeIn(json, chance);
    holder[chance.pick(['extra', 'id', 'status', '__proto', ''])] = chance.pick(BAD_MEMBERS);
  },
  'the body is something else': (draft, { chance }) => {
    draft.raw = chance.pick(BAD_BODIES);
  },
  'the body is missing': (draft, { chance }) => {
    draft.json = undefined;
    if (chance.percent(50)) delete draft.headers['Content-Type'];
  },
  'the content type is not JSON': ({ headers }, { chance }) => {
    if (chance.percent(20)) delete headers['Content-Type'];
    else headers['Content-Type'] = chance.pick(BAD_CONTENT_TYPES);
  },
  'the body is cut off': (draft, { chance }) => {
    const whole = Buffer.from(JSON.stringify(draft.json ?? {}));
    draft.raw = whole.subarray(0, chance.below(whole.length));
  },
};

/** An operation that documents no body is sent one. */
const BODILESS_FLAWS: Record<string, Flaw> = {
  'a body that nobody asked for': (draft, { chance }) => {
    draft.raw = chance.pick(BAD_BODIES);
    draft.headers['Content-Type'] = chance.pick(['application/json', 'text/plain']);
  },
};

const PATH_FLAWS: Record<string, Flaw> = {
  'the id is unknown': ({ path }, { chance }) => {
    path['id'] = chance.uuid();
  },
  'the id is in capitals': ({ path }) => {
    path['id'] = path['id']?.toUpperCase() ?? '';
  },
  'the id is one that the operation refuses': ({ operation, path }, { chance, known }) => {
    const ids = known.wrongIdsFor(operation);
    if (ids.length > 0) path['id'] = chance.pick(ids);
  },
  'the id is none': ({ path }, { chance }) => {
    const text = chance.pick(BAD_TEXTS.filter((value) => value !== '' && value.length < 100));
    path['id'] = encodeURIComponent(Buffer.from(text).toString());
  },
  'the id cannot be read': (draft, { chance }) => {
    draft.path['id'] = chance.pick([...UNDECODABLE, LONG_ID]);
  },
};

const QUERY_FLAWS: Record<string, Flaw> = {
  'a parameter is wrong': ({ operation, query }, { chance }) => {
    const { name } = chance.pick(operation.parameters.filter((parameter) => parameter.in === 'query'));
    const values = name === 'cursor' && chance.percent(70) ? BAD_CURSORS : BAD_TEXTS;
    query.push([name, chance.pick(values)]);
  },
  'a parameter is there twice': ({ operation, query }, { chance }) => {
    const { name } = chance.pick(operation.parameters.filter((parameter) => parameter.in === 'query'));
    query.push([name, chance.pick(BAD_TEXTS)], [name, chance.pick(BAD_TEXTS)]);
  },
};

const HEADER_FLAWS: Record<string, Flaw> = {
  'a header field is wrong': ({ operation, headers }, { chance }) => {
    const { name } = chance.pick(operation.parameters.filter((parameter) => parameter.in === 'header'));
    headers[name] = chance.pick(BAD_HEADERS);
  },
  'a header field is missing': ({ operation, headers }, { chance }) => {
    const { name } = chance.pick(operation.parameters.filter((parameter) => parameter.in === 'header'));
    delete headers[name];
  },
};

const KEY_FLAWS: Record<string, Flaw> = {
  'the key was used': ({ operation, headers }, { chance, known }) => {
    const keys = known.keys.get(operation.id) ?? [];
    if (keys.length > 0) headers['Idempotency-Key'] = chance.pick(keys);
  },
};

const ANY_FLAWS: Record<string, Flaw> = {
  'a parameter is unknown': ({ query }, { chance }) => {
    query.push([chance.pick(['x', 'limit[]', 'LIMIT', '__proto__', '\u0000']), chance.pick(BAD_TEXTS)]);
  },
  'a header field is strange': ({ headers }, { chance }) => {
    const [name, value] = chance.pick(STRANGE_HEADERS);
    headers[name] = value;
  },
  'the method is another': (draft, { chance }) => {
    draft.method = chance.pick(OTHER_METHODS);
  },
};

/** The flaws that a draft can have, by name. */
export function flawsFor({ operation, headers }: Draft): readonly (readonly [name: string, spoil: Flaw])[] {
  const takes = (place: string) => operation.parameters.some((parameter) => parameter.in === place);
  return Object.entries({
    ...ANY_FLAWS,
    ...(operation.body ? BODY_FLAWS : operation.method === 'POST' ? BODILESS_FLAWS : {}),
    ...(takes('path') ? PATH_FLAWS : {}),
    ...(takes('query') ? QUERY_FLAWS : {}),
    ...(takes('header') ? HEADER_FLAWS : {}),
    ...('Idempotency-Key' in headers ? KEY_FLAWS : {}),
  });
}

function changeMember({ json }: Draft, { chance }: FlawTools): void {
  const { holder, name } = placeIn(json, chance);
  holder[name] = chance.pick(BAD_MEMBERS);
}

/** Any member at any depth; of a body without members, one that is not there. */
function placeIn(json: unknown, chance: Chance): Place {
  const places = placesIn(json);
  return places.length > 0 ? chance.pick(places) : { holder: (json ?? {}) as Place['holder'], name: 'extra' };
}

function placesIn(json: unknown): Place[] {
  if (typeof json !== 'object' || json === null) return [];
  const holder = json as Place['holder'];
  return Object.keys(holder).flatMap((name) => [{ holder, name }, ...placesIn(holder[name])]);
}
