import { defineEvent, defineEvents } from '@app/nats';
import type { EventTypesOptions } from '@app/outbox';
import { z } from 'zod';

const data = z.object({ key: z.string() });

/** The events of the random history: one kind keeps the order of its key, the other has none. */
export const chaosEvents = defineEvents('urn:chaos', {
  'chaos.ordered': defineEvent({ version: '1.0', source: '/chaos', data, key: ({ key }) => key }),
  'chaos.unordered': defineEvent({ version: '1.0', source: '/chaos', data, key: ({ key }) => key }),
});

export type ChaosEvents = (typeof chaosEvents)['definitions'];
export type ChaosType = keyof ChaosEvents;

export const CHAOS_TYPES = Object.keys(chaosEvents.definitions) as ChaosType[];

/** How they leave: the same for those who emit them and for those who publish them. */
export const CHAOS_TYPES_OPTIONS: EventTypesOptions = { 'chaos.unordered': { order: 'none' } };
