import type { EventDefinition, EventRegistry } from '@app/nats';
import { jsonSchemaOf, type JsonSchema } from './json-schema.js';

/** CloudEvents 1.0.2 in the structured JSON form, without its data. */
const ENVELOPE = {
  specversion: { const: '1.0' },
  id: { type: 'string', format: 'uuid', description: 'UUIDv7, the same for every attempt to deliver it.' },
  time: { type: 'string', format: 'date-time' },
  subject: { type: 'string', description: 'What it is about.' },
  datacontenttype: { const: 'application/json' },
  partitionkey: { type: 'string', description: 'Events of one key keep their order.' },
  sequence: { type: 'string', pattern: '^[0-9]{19}$', description: 'Its number within its key, from 1.' },
  traceparent: { type: 'string', description: 'W3C Trace Context.' },
  tracestate: { type: 'string' },
  replayof: { type: 'string', description: 'The id of the event that it tells again.' },
};
const REQUIRED = [
  'specversion',
  'id',
  'source',
  'type',
  'time',
  'datacontenttype',
  'dataschema',
  'partitionkey',
  'data',
];

/** Who sends and who hears which events, and where. */
export interface EventSystem {
  readonly registry: EventRegistry;
  readonly title: string;
  /** The URN under which the schemas of the data are named. */
  readonly namespace: string;
}

/** The schema of one version of an event's data, as a consumer may rely on it: what it does not name may be there too. */
export function eventSchemaOf(
  namespace: string,
  type: string,
  { version, data }: EventDefinition,
): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `${namespace}:${type}:${version}`,
    ...jsonSchemaOf(data, 'input'),
  };
}

/** The AsyncAPI 3 document of a system's events: one channel for each type, and who sends on it. */
export function asyncApiOf({ registry, title, namespace }: EventSystem): JsonSchema {
  const types = Object.entries(registry.definitions);
  const mapped = <Value>(valueOf: (type: string, definition: EventDefinition) => Value) =>
    Object.fromEntries(types.map(([type, definition]) => [nameOf(type), valueOf(type, definition)]));
  return {
    asyncapi: '3.0.0',
    info: {
      title,
      version: '1.1.0',
      description:
        'CloudEvents 1.0 in structured JSON, delivered at least once: a consumer knows a repeat by its `id`.',
    },
    defaultContentType: 'application/cloudevents+json',
    channels: mapped((type) => ({
      address: type,
      messages: { event: { $ref: `#/components/messages/${nameOf(type)}` } },
    })),
    operations: mapped((type, { source }) => ({
      action: 'send',
      title: `${source} emits ${type}`,
      channel: { $ref: `#/channels/${nameOf(type)}` },
      messages: [{ $ref: `#/channels/${nameOf(type)}/messages/event` }],
    })),
    components: { messages: mapped((type, definition) => messageOf(namespace, type, definition)) },
  };
}

function messageOf(namespace: string, type: string, { version, source, data }: EventDefinition): object {
  return {
    name: type,
    title: `${type} ${version}`,
    contentType: 'application/cloudevents+json',
    payload: {
      type: 'object',
      properties: {
        ...ENVELOPE,
        type: { const: type },
        source: { const: source },
        dataschema: { const: `${namespace}:${type}:${version}` },
        data: jsonSchemaOf(data, 'input', 'draft-07'),
      },
      required: REQUIRED,
    },
  };
}

/** `transfer.requested` as a member's name: `transferRequested`. */
function nameOf(type: string): string {
  return type.replaceAll(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());
}
