import { describe, expect, it } from '@jest/globals';
import { firstDeliveries } from './first-deliveries.js';
import { verdictOn, type HistoryEvent, type Remains } from './verdict.js';

function committed(id: string, key: string, more: Partial<HistoryEvent> = {}): HistoryEvent {
  return { id, key, ordered: true, attempts: 1, crashed: false, ...more };
}

/** What is left when the broker has stored these events in this order, and the inbox did its work. */
function remains(history: readonly HistoryEvent[], stored: readonly string[]): Remains {
  const keyOf = new Map(history.map(({ id, key }) => [id, key]));
  const payloads = stored.map((id) =>
    JSON.stringify({ id, type: 'history.ordered', partitionkey: keyOf.get(id) ?? 'none' }),
  );
  return {
    history,
    delivered: firstDeliveries(new Map(payloads.map((payload, index) => [index + 1, payload]))),
    copies: new Map(stored.map((id) => [id, stored.filter((other) => other === id).length])),
    effects: new Map(stored.map((id) => [id, 1])),
  };
}

describe('the verdict on what a run has left behind', () => {
  const history = [committed('a1', 'a'), committed('b1', 'b'), committed('a2', 'a')];

  it('finds nothing wrong when each key is in its order, whatever the order between keys', () => {
    expect(verdictOn(remains(history, ['b1', 'a1', 'a2']))).toEqual([]);
  });

  it('names what was committed and not delivered', () => {
    expect(verdictOn(remains(history, ['a1', 'b1']))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^1 committed and not delivered: a2/)]),
    );
  });

  it('names what was delivered and not committed', () => {
    expect(verdictOn(remains(history, ['a1', 'a2', 'b1', 'ghost']))).toEqual([
      expect.stringMatching(/^1 delivered and not committed: ghost/),
    ]);
  });

  it('names a key whose events came first in another order; a repeat that comes late is no such case', () => {
    const twice = [committed('a1', 'a', { attempts: 2, crashed: true }), committed('a2', 'a')];
    expect(verdictOn(remains(twice, ['a1', 'a2', 'a1']))).toEqual([]);
    expect(verdictOn(remains(twice, ['a2', 'a1', 'a1']))).toEqual([expect.stringMatching(/order.*: a …/)]);
  });

  it('says nothing of the order of what has none', () => {
    const unordered = [
      committed('u1', 'a', { ordered: false }),
      committed('a1', 'a'),
      committed('u2', 'a', { ordered: false }),
    ];
    expect(verdictOn(remains(unordered, ['u2', 'a1', 'u1']))).toEqual([]);
  });

  it.each([
    ['twice', 2],
    ['never', 0],
  ])('names what took effect %s', (_, times) => {
    const left = remains(history, ['a1', 'b1', 'a2']);
    expect(verdictOn({ ...left, effects: new Map([...left.effects, ['b1', times]]) })).toEqual([
      expect.stringMatching(/^1 did not take effect exactly once: b1/),
    ]);
  });

  it('names what was published more often than counted', () => {
    const crashed = [committed('a1', 'a', { attempts: 1, crashed: true })];
    expect(verdictOn(remains(crashed, ['a1', 'a1']))).toEqual([
      expect.stringMatching(/^1 published more often than counted: a1/),
    ]);
  });

  it('counts too many attempts against the outbox only where every relay told what became of its lease', () => {
    const counted = { attempts: 2 };
    expect(verdictOn(remains([committed('a1', 'a', { ...counted, crashed: true })], ['a1']))).toEqual([]);
    expect(verdictOn(remains([committed('a1', 'a', counted)], ['a1']))).toEqual([
      expect.stringMatching(/^1 counted more often than published/),
    ]);
  });
});
