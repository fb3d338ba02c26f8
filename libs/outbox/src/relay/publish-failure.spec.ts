import { describe, expect, it } from '@jest/globals';
import { NatsNotConnectedError, PublishRefusedError, PublishUnknownError } from '@app/nats';
import { blameFor } from './publish-failure.js';

describe('a failed publish is', () => {
  it.each([
    ['the message’s, when the broker refused it', new PublishRefusedError('a', 'too large'), 'message'],
    [
      'an outage, when the broker no longer knows the client',
      new PublishRefusedError('a', 'who?', true),
      'outage',
    ],
    ['an outage, when there is no connection', new NatsNotConnectedError('lost'), 'outage'],
    ['unknown, when the acknowledgement did not come', new PublishUnknownError('a', 'timeout'), 'unknown'],
    ['unknown, when nobody knows the error', new TypeError('a bug'), 'unknown'],
    ['unknown, when it is no error at all', undefined, 'unknown'],
  ])('%s', (_, error, blame) => {
    expect(blameFor(error)).toBe(blame);
  });
});
