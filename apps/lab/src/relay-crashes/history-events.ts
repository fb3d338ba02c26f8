import { defineEvent, defineEvents } from '@app/nats';
import type { EventTypesOptions } from '@app/outbox';
import { z } from 'zod';

const data = z.object({ key: z.string() });

/** The events of the random history: one kind keeps the order of its key, the other has none. */
export const historyEvents = defineEvents('urn:history', {
  'history.ordered': defineEvent({ version: '1.0', source: '/history', data, key: ({ key }) => key }),
  'history.unordered': defineEvent({ version: '1.0', source: '/history', data, key: ({ key }) => key }),
});

export type HistoryEvents = (typeof historyEvents)['definitions'];
export type HistoryType = keyof HistoryEvents;

export const HISTORY_TYPES = Object.keys(historyEvents.definitions) as HistoryType[];

/** How they leave: the same for those who emit them and for those who publish them. */
export const HISTORY_TYPES_OPTIONS: EventTypesOptions = { 'history.unordered': { order: 'none' } };
