import { describe, expect, it } from '@jest/globals';
import { withSequence } from './cloud-event.js';

describe('the sequence of an event', () => {
  it('is added to the encoded event, and nothing else changes', () => {
    const encoded = '{"id":"1","data":{"note":"}"}}';
    expect(JSON.parse(withSequence(encoded, 7n))).toEqual({
      id: '1',
      data: { note: '}' },
      sequence: '0000000000000000007',
    });
  });

  it('sorts as text in the order of its numbers, up to the largest that the database has', () => {
    const numbers = [1n, 9n, 10n, 99n, 1_000_000n, 2n ** 53n + 1n, 2n ** 63n - 1n];
    const texts = numbers.map(
      (number) => (JSON.parse(withSequence('{"id":"1"}', number)) as { sequence: string }).sequence,
    );
    expect([...texts].sort()).toEqual(texts);
    expect(texts.map(BigInt)).toEqual(numbers);
  });
});
