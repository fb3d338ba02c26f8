import fc from 'fast-check';
import type { Chance } from './chance.js';
import type { Schema } from './api-document.js';

/** What the schema of a field does not say. */
export interface Meanings {
  /** Values that mean something to the service, if only some do; none: leave the field out. */
  valuesFor(name: string): readonly unknown[] | undefined;
  /** Whether a field is not to be left out, though the schema lets it. */
  isNeeded(name: string): boolean;
}

/** Of a pattern so many texts are made, once. */
const TEXTS_OF_PATTERN = 200;
/** How many more items than it must an array has at most, and members a free object. */
const MORE_MAX = 4;
const OPTIONAL_PERCENT = 40;
/** Times are from a week before to a week after the present. */
const WEEK_MS = 7 * 86_400_000;

/** Makes values that a JSON Schema allows. */
export class SchemaValues {
  private readonly textsOf = new Map<string, readonly string[]>();

  constructor(private readonly seed: number) {}

  /** @param meanings asked for each field by its name before its schema is */
  make(schema: Schema, chance: Chance, meanings: Meanings): unknown {
    if ('const' in schema) return schema.const;
    if (schema.enum) return chance.pick(schema.enum);
    const branches = schema.oneOf ?? schema.anyOf;
    if (branches) return this.make(chance.pick(branches), chance, meanings);
    switch (schema.type ?? 'null') {
      case 'object':
        return this.objectOf(schema, chance, meanings);
      case 'array':
        return Array.from({ length: (schema.minItems ?? 0) + chance.below(MORE_MAX) }, () =>
          this.make(schema.items ?? {}, chance, meanings),
        );
      case 'string':
        return this.textOf(schema, chance);
      case 'integer':
      case 'number':
        return this.numberOf(schema, chance);
      case 'boolean':
        return chance.percent(50);
      default:
        return null;
    }
  }

  /** A field's value; undefined where it is left out. */
  field(name: string, schema: Schema, chance: Chance, meanings: Meanings): unknown {
    const values = meanings.valuesFor(name);
    if (values === undefined) return this.make(schema, chance, meanings);
    return values.length === 0 ? undefined : chance.pick(values);
  }

  private objectOf(schema: Schema, chance: Chance, meanings: Meanings): Record<string, unknown> {
    const { properties = {}, required = [], additionalProperties } = schema;
    const made: Record<string, unknown> = {};
    for (const [name, property] of Object.entries(properties)) {
      const isAsked = required.includes(name) || meanings.isNeeded(name);
      if (!isAsked && !chance.percent(OPTIONAL_PERCENT)) continue;
      made[name] = this.field(name, property, chance, meanings);
    }
    // An empty schema, as of what a problem adds, asks for nothing.
    if (typeof additionalProperties !== 'object') return made;
    for (const name of chance.percent(50) ? ORDER_MEMBERS : [chance.pick(ORDER_MEMBERS), 'note']) {
      made[name] = this.field(name, additionalProperties, chance, meanings);
    }
    return made;
  }

  private textOf({ format, pattern }: Schema, chance: Chance): string {
    if (format === 'uuid') return chance.uuid();
    if (format === 'date-time')
      return new Date(Date.now() + chance.below(2 * WEEK_MS) - WEEK_MS).toISOString();
    if (pattern !== undefined) return chance.pick(this.textsLike(pattern));
    return chance.uuid();
  }

  private textsLike(pattern: string): readonly string[] {
    const known = this.textsOf.get(pattern);
    if (known) return known;
    const arbitrary = fc.stringMatching(new RegExp(pattern));
    const texts = fc.sample(arbitrary, { seed: this.seed, numRuns: TEXTS_OF_PATTERN });
    this.textsOf.set(pattern, texts);
    return texts;
  }

  private numberOf({ minimum = -1_000, maximum = 1_000 }: Schema, chance: Chance): number {
    return minimum + chance.below(maximum - minimum + 1);
  }
}

/** What an object that may hold anything is filled with: an order, or what is none. */
const ORDER_MEMBERS = ['debitAccountId', 'creditAccountId', 'amountMinor', 'currency'];
