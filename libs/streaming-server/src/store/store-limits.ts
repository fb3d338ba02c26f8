import {
  BYTES_PER_CHANNEL_MAX,
  CHANNELS_MAX,
  MESSAGES_PER_CHANNEL_MAX,
  SUBSCRIPTIONS_PER_CHANNEL_MAX,
} from '../limits.js';
import type { StoreLimits } from './store.js';

/** The real server's defaults. */
export const DEFAULT_STORE_LIMITS: StoreLimits = {
  channelsMax: CHANNELS_MAX,
  messagesMax: MESSAGES_PER_CHANNEL_MAX,
  bytesMax: BYTES_PER_CHANNEL_MAX,
  ageMaxMs: 0,
  subscriptionsMax: SUBSCRIPTIONS_PER_CHANNEL_MAX,
};
