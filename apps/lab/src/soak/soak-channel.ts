import { defineEvents } from '@app/nats';

/** The soak's only channel; its messages are bare ids. */
export const CHANNEL = 'soak.number';

/** The provider wants a registry; nothing here is handed to Nest's transport. */
export const soakEvents = defineEvents('urn:soak', {});
