import { describe, expect, it } from '@jest/globals';
import { UnsafeDeliveryError } from '../outbox.errors.js';
import type { EventDelivery } from './event-delivery.js';
import { refuseUnsafeDelivery, whyUnsafe } from './unsafe-delivery.js';

const NAIVE = ['direct', 'direct-unawaited', 'direct-before-commit', 'direct-retry-in-memory'] as const;

describe('delivery in production', () => {
  it.each(NAIVE)('refuses %s, and says what to do', (delivery: EventDelivery) => {
    const refusing = () => refuseUnsafeDelivery(delivery, { NODE_ENV: 'production' });
    expect(refusing).toThrow(UnsafeDeliveryError);
    expect(refusing).toThrow(
      /^EVENT_DELIVERY: direct.*set it to outbox, or set OUTBOX_ALLOW_UNSAFE_DELIVERY=true/,
    );
  });

  it('takes outbox', () => {
    expect(whyUnsafe('outbox', { NODE_ENV: 'production' })).toBeUndefined();
  });

  it.each(NAIVE)('takes %s when a setting says so', (delivery: EventDelivery) => {
    for (const allowed of ['true', true]) {
      const environment = { NODE_ENV: 'production', OUTBOX_ALLOW_UNSAFE_DELIVERY: allowed };
      expect(whyUnsafe(delivery, environment)).toBeUndefined();
    }
  });

  it.each(['false', '1', '', false, undefined])('does not take %p for a yes', (value) => {
    const environment = { NODE_ENV: 'production', OUTBOX_ALLOW_UNSAFE_DELIVERY: value };
    expect(whyUnsafe('direct', environment)).toBeDefined();
  });
});

describe('delivery elsewhere', () => {
  it.each(['test', 'development', undefined])('takes every one when NODE_ENV is %s', (NODE_ENV) => {
    for (const delivery of NAIVE) expect(whyUnsafe(delivery, { NODE_ENV })).toBeUndefined();
  });
});
