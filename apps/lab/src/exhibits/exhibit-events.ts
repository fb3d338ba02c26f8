import { defineEvents } from '@app/nats';
import { z } from 'zod';

/** The exhibits' only event. */
export const exhibitEvents = defineEvents('urn:exhibit', {
  'coin.tossed': {
    version: '1.0',
    source: '/exhibits',
    data: z.object({ side: z.enum(['heads', 'tails']) }),
    key: () => 'coin',
  },
});
