import { InvalidEnvironmentError, parseEnvironment } from '@app/nats';
import { describe, expect, it } from '@jest/globals';
import { relayEnvironment, relayOptionsFrom } from './relay-process.js';
import { serviceEnvironment } from './service.environment.js';

const schema = relayEnvironment(serviceEnvironment(3001));
const minimal = {
  DATABASE_URL: 'postgres://user:secret@127.0.0.1:5432/transactions',
  NATS_URL: 'nats://127.0.0.1:4222',
  NATS_CLUSTER_ID: 'bank',
};

function optionsOf(environment: NodeJS.ProcessEnv) {
  return relayOptionsFrom('transactions', parseEnvironment(schema, { ...minimal, ...environment }));
}

describe('the relay of a service as a process of its own', () => {
  it('runs alone, whatever the environment that it shares with the service says of the place', () => {
    expect(optionsOf({ OUTBOX_RELAY: 'off' }).outbox.relayPlace).toBe('alone');
    expect(optionsOf({ OUTBOX_RELAY: 'embedded' }).outbox.relayPlace).toBe('alone');
  });

  it('has a client id of its own, which stands in its leases too', () => {
    const { nats, outbox } = optionsOf({});
    expect(nats.clientId).toMatch(/^transactions-relay-./);
    expect(outbox.holder).toBe(nats.clientId);
    expect(optionsOf({ NATS_CLIENT_ID: 'transactions-1' }).nats.clientId).toBe('transactions-1-relay');
  });

  it('starts without the broker, as the service does', () => {
    expect(optionsOf({}).nats.startup).toBe('background');
  });

  it.each(['direct', 'direct-unawaited', 'direct-before-commit', 'direct-retry-in-memory'])(
    'is refused for delivery %s, which has no relay',
    (delivery) => {
      const refused = { problems: ['EVENT_DELIVERY: expected outbox: no other delivery has a relay'] };
      expect(() => optionsOf({ EVENT_DELIVERY: delivery })).toThrow(InvalidEnvironmentError);
      expect(() => optionsOf({ EVENT_DELIVERY: delivery })).toThrow(expect.objectContaining(refused));
    },
  );
});
