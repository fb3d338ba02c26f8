import type { ApiOperation } from './api-document.js';
import { Chance } from './chance.js';
import { flawsFor } from './flaws.js';
import { requestOf, type Draft, type FuzzRequest } from './fuzz-request.js';
import type { KnownThings } from './known-things.js';
import { SchemaValues } from './schema-values.js';

/** Odd, so that no two numbers fall together; neighbouring seeds have other requests. */
const NUMBER_SPREAD = 0x9e3779b1;
/** So many requests in a hundred have nothing wrong with them. */
const SOUND_PERCENT = 55;
/** So many of the others have a second thing wrong. */
const SECOND_FLAW_PERCENT = 25;
/** So many in a hundred give a parameter that can be left out. */
const OPTIONAL_PERCENT = 40;

/** Makes requests from the documents of the services: about half as they should be, half with something wrong. */
export class RequestGenerator {
  private readonly values: SchemaValues;

  constructor(
    private readonly seed: number,
    private readonly known: KnownThings,
  ) {
    this.values = new SchemaValues(seed);
  }

  /** The request of a number: the same again, as far as what is known by then is. */
  make(operation: ApiOperation, number: number): FuzzRequest {
    const chance = new Chance(this.seed ^ Math.imul(number, NUMBER_SPREAD));
    const draft = this.sound(operation, chance);
    const flaws: string[] = [];
    if (!chance.percent(SOUND_PERCENT)) this.spoil(draft, chance, flaws);
    if (flaws.length > 0 && chance.percent(SECOND_FLAW_PERCENT)) this.spoil(draft, chance, flaws);
    return requestOf(draft, flaws);
  }

  private spoil(draft: Draft, chance: Chance, flaws: string[]): void {
    const [name, spoil] = chance.pick(flawsFor(draft));
    spoil(draft, { chance, known: this.known });
    flaws.push(name);
  }

  /** A draft with nothing wrong. */
  sound(operation: ApiOperation, chance: Chance): Draft {
    const meanings = {
      valuesFor: (name: string) => this.known.valuesFor(operation, name),
      isNeeded: (name: string) => this.known.isNeeded(operation, name),
    };
    const { method, body } = operation;
    const draft: Draft = {
      operation,
      method,
      path: {},
      query: [],
      headers: {},
      json: undefined,
    };
    for (const { name, in: place, required, schema } of operation.parameters) {
      if (!required && !chance.percent(OPTIONAL_PERCENT)) continue;
      const value =
        name === 'Idempotency-Key' ? keyOf(chance) : this.values.field(name, schema, chance, meanings);
      // An id is needed even where none is known.
      if (place === 'path') draft.path[name] = textOf(value ?? chance.uuid());
      else if (value === undefined) continue;
      else if (place === 'query') draft.query.push([name, textOf(value)]);
      else draft.headers[name] = textOf(value);
    }
    if (body && (body.required || chance.percent(50))) {
      draft.json = this.values.make(body.schema, chance, meanings);
      draft.headers['Content-Type'] = 'application/json';
    }
    return draft;
  }
}

/** In quotes, as the draft has it, or bare. */
function keyOf(chance: Chance): string {
  const key = chance.uuid();
  return chance.percent(50) ? `"${key}"` : key;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
