import { UnsafeDeliveryError } from '../outbox.errors.js';
import type { EventDelivery } from './event-delivery.js';

/** The variable that allows a delivery that loses events in production, when it says `true`. */
const ALLOWED_BY = 'OUTBOX_ALLOW_UNSAFE_DELIVERY';

/** The variables that decide whether a delivery is allowed; `process.env` is one. */
export interface DeliveryEnvironment {
  readonly NODE_ENV?: string | undefined;
  readonly OUTBOX_ALLOW_UNSAFE_DELIVERY?: string | boolean | undefined;
}

/** Why this delivery is not allowed here; undefined if it is. */
export function whyUnsafe(delivery: EventDelivery, environment: DeliveryEnvironment): string | undefined {
  if (delivery === 'outbox' || environment.NODE_ENV !== 'production') return undefined;
  if (String(environment.OUTBOX_ALLOW_UNSAFE_DELIVERY) === 'true') return undefined;
  return (
    `${delivery} loses events or makes them up, and NODE_ENV is production; ` +
    `set it to outbox, or set ${ALLOWED_BY}=true to have it all the same`
  );
}

/** @throws UnsafeDeliveryError unless the delivery is `outbox`, this is not production, or the environment allows it */
export function refuseUnsafeDelivery(delivery: EventDelivery, environment: DeliveryEnvironment): void {
  const reason = whyUnsafe(delivery, environment);
  if (reason !== undefined) throw new UnsafeDeliveryError(delivery, reason);
}
