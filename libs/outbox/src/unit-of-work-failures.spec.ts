import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { QueryRunner } from 'typeorm';
import { TransactionAbortedError } from './outbox.errors.js';
import { isRetryable, refuseAborted } from './unit-of-work-failures.js';

/** The driver's client: a statement has failed, and the server's word on the transaction is still on its way. */
class FakeClient extends EventEmitter {
  readyForQuery = false;
  status: 'T' | 'E' = 'T';

  getTransactionStatus() {
    return this.status;
  }

  get listening(): number {
    return this.eventNames().reduce((sum, name) => sum + this.listenerCount(name), 0);
  }
}

const runnerOn = (client: FakeClient) =>
  ({ connect: () => Promise.resolve(client) }) as unknown as QueryRunner;
const aTurn = () => new Promise(setImmediate);

describe('a transaction whose state the server has not told yet', () => {
  it('is waited for, and refused if it is aborted', async () => {
    const client = new FakeClient();
    const refusing = refuseAborted(runnerOn(client));
    await aTurn();
    client.status = 'E';
    client.emit('drain');
    await expect(refusing).rejects.toThrow(TransactionAbortedError);
    expect(client.listening).toBe(0);
  });

  it('is waited for, and taken if it goes on', async () => {
    const client = new FakeClient();
    const refusing = refuseAborted(runnerOn(client));
    await aTurn();
    client.emit('drain');
    await expect(refusing).resolves.toBeUndefined();
  });

  it.each([['end'], ['error', new Error('ECONNRESET')]])(
    'is not waited for when the connection is gone: %s',
    async (name, ...values) => {
      const client = new FakeClient();
      const refusing = refuseAborted(runnerOn(client));
      await aTurn();
      client.emit(name, ...values);
      await expect(refusing).resolves.toBeUndefined();
      expect(client.listening).toBe(0);
    },
  );
});

describe('a failure whose cause is itself', () => {
  it('is looked at, and not for ever', () => {
    const failure = new Error('round and round');
    failure.cause = failure;
    expect(isRetryable(failure)).toBe(false);
  });
});
