import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { CloudEvent } from './cloud-event.js';
import { InvalidEventError } from './nats.errors.js';

/** What a registry knows of one event type. */
export interface EventDefinition<Schema extends z.ZodType = z.ZodType> {
  /** `major.minor` of the data. A consumer takes every minor of its major, and refuses other majors. */
  readonly version: `${number}.${number}`;
  /** Who emits it: the `source` of its envelope. */
  readonly source: string;
  readonly data: Schema;
  /** The key within which its events keep their order. */
  readonly key: (data: z.output<Schema>) => string;
}

/** Event types by name; see {@link defineEvents}. */
export type EventDefinitions = Record<string, EventDefinition>;

/** The data of one event type. */
export type EventData<Definitions extends EventDefinitions, Type extends keyof Definitions> = z.output<
  Definitions[Type]['data']
>;

/** One event of a registry: a union over its types. */
export type EventOf<
  Definitions extends EventDefinitions,
  Type extends keyof Definitions & string = keyof Definitions & string,
> = { [T in Type]: CloudEvent<T, EventData<Definitions, T>> }[Type];

/** What an event may be given besides its data. */
export interface EventAttributes {
  /** What the event is about, such as a transfer's id. */
  readonly subject?: string;
  /** Default: now. */
  readonly time?: Date;
}

const ENVELOPE = z.object({
  specversion: z.literal('1.0'),
  id: z.uuid(),
  source: z.string().min(1),
  type: z.string().min(1),
  subject: z.string().min(1).optional(),
  time: z.iso.datetime({ offset: true }),
  datacontenttype: z.literal('application/json'),
  dataschema: z.string().regex(/:\d+\.\d+$/, 'expected a URN that ends in a version, such as :1.0'),
  partitionkey: z.string().min(1),
  sequence: z.string().min(1).optional(),
  // An event is not refused for the trace it came with.
  traceparent: z.string().optional().catch(undefined),
  tracestate: z.string().optional().catch(undefined),
  replayof: z.string().min(1).optional(),
  data: z.unknown(),
});

/** What an event's envelope must be on the way out, and need not be on the way in. */
const EMITTED = z.object({ id: z.uuidv7() });

/** Defines one event type; a function, so that `key` knows the type of its argument. */
export function defineEvent<Schema extends z.ZodType>(
  definition: EventDefinition<Schema>,
): EventDefinition<Schema> {
  return definition;
}

/**
 * Makes the registry of a system's events.
 *
 * @param namespace the URN under which the data's schemas are named, such as `urn:bank:event`
 */
export function defineEvents<Definitions extends EventDefinitions>(
  namespace: string,
  definitions: Definitions,
): EventRegistry<Definitions> {
  return new EventRegistry(namespace, definitions);
}

/** Knows every event type of a system: makes valid events, and reads what arrives. */
export class EventRegistry<Definitions extends EventDefinitions = EventDefinitions> {
  constructor(
    private readonly namespace: string,
    readonly definitions: Definitions,
  ) {}

  /**
   * Makes an event, with a new id.
   *
   * @throws InvalidEventError if the data does not fit the type's schema, or an attribute not the envelope's
   */
  create<Type extends keyof Definitions & string>(
    type: Type,
    data: EventData<Definitions, Type>,
    attributes: EventAttributes = {},
  ): EventOf<Definitions, Type> {
    const definition = this.definitionOf(type);
    const valid = parse(type, definition.data, data);
    const event = {
      specversion: '1.0',
      id: uuidv7(),
      source: definition.source,
      type,
      ...(attributes.subject === undefined ? {} : { subject: attributes.subject }),
      time: (attributes.time ?? new Date()).toISOString(),
      datacontenttype: 'application/json',
      dataschema: `${this.namespace}:${type}:${definition.version}`,
      partitionkey: definition.key(valid),
      data: valid,
    };
    return parse(type, ENVELOPE, event) as EventOf<Definitions, Type>;
  }

  /**
   * Reads an encoded event. Fields that it does not know are left out.
   *
   * @throws InvalidEventError if it is not JSON, not an envelope, of another type or another major version
   * than defined here, or if its data does not fit
   */
  decode<Type extends keyof Definitions & string>(
    type: Type,
    encoded: Buffer | string,
  ): EventOf<Definitions, Type> {
    const definition = this.definitionOf(type);
    const envelope = parse(type, ENVELOPE, parseJson(type, encoded));
    if (envelope.type !== type) {
      throw new InvalidEventError(type, [`its type is ${envelope.type}`]);
    }
    const version = envelope.dataschema.slice(envelope.dataschema.lastIndexOf(':') + 1);
    if (majorOf(version) !== majorOf(definition.version)) {
      throw new InvalidEventError(type, [
        `its version is ${version}, and only major version ${majorOf(definition.version)} is understood`,
      ]);
    }
    return { ...envelope, data: parse(type, definition.data, envelope.data) } as EventOf<Definitions, Type>;
  }

  /**
   * The event as a consumer of this version will read it: a copy, which the caller can't change any more.
   *
   * @throws InvalidEventError if no consumer could: see {@link decode}; or if its id is not a UUIDv7, since consumers
   * tell by it how old an event is
   */
  verify(event: CloudEvent): CloudEvent {
    parse(event.type, EMITTED, event);
    return this.decode(event.type, encode(event));
  }

  /** Whether a type of this name is defined. */
  defines(type: string): boolean {
    return Object.hasOwn(this.definitions, type);
  }

  private definitionOf(type: string): EventDefinition {
    const definition = this.defines(type) ? this.definitions[type] : undefined;
    if (!definition) throw new InvalidEventError(type, ['no event of this type is defined']);
    return definition;
  }
}

function majorOf(version: string): string {
  return version.slice(0, version.indexOf('.'));
}

function encode(event: CloudEvent): string {
  try {
    return JSON.stringify(event);
  } catch (cause) {
    throw new InvalidEventError(event.type, ['it cannot be written as JSON'], { cause });
  }
}

function parseJson(type: string, encoded: Buffer | string): unknown {
  try {
    return JSON.parse(encoded.toString());
  } catch (cause) {
    throw new InvalidEventError(type, ['it is not JSON'], { cause });
  }
}

function parse<Schema extends z.ZodType>(type: string, schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InvalidEventError(
    type,
    result.error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`),
  );
}
