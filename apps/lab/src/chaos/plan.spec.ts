import { describe, expect, it } from '@jest/globals';
import { CABLE_FAULTS, CABLE_TARGETS, kindOf, PROGRAMS, SERVERS } from './fault.js';
import { KINDS, planOf } from './plan.js';

const TEN_MINUTES_MS = 600_000;

describe('a plan', () => {
  it('is the same for the same seed and duration, and another for another seed', () => {
    expect(planOf(7, TEN_MINUTES_MS)).toEqual(planOf(7, TEN_MINUTES_MS));
    expect(planOf(8, TEN_MINUTES_MS)).not.toEqual(planOf(7, TEN_MINUTES_MS));
  });

  it('of a longer run begins like that of a shorter one', () => {
    const short = planOf(7, 30_000);
    expect(short.length).toBeGreaterThan(4);
    expect(planOf(7, TEN_MINUTES_MS).slice(0, short.length)).toEqual(short);
  });

  it.each([0, 1, 2, 3, 4])('has every kind of fault within three minutes, whatever the seed (%d)', (seed) => {
    const kinds = new Set(planOf(seed, 180_000).map(kindOf));
    expect(kinds.size).toBe(KINDS.length);
    for (const action of ['kill', 'pause']) {
      for (const what of ['transactions', 'accounts', 'relay', 'broker', 'postgres']) {
        expect(kinds).toContain(`${action} ${what}`);
      }
    }
    for (const service of ['transactions', 'accounts']) expect(kinds).toContain(`roll ${service}`);
    for (const mode of CABLE_FAULTS) {
      for (const cable of ['client–service', 'service–broker', 'service–postgres']) {
        expect(kinds).toContain(`${mode} ${cable}`);
      }
    }
  });

  it('deals no kind a second time before all have come', () => {
    const kinds = planOf(7, TEN_MINUTES_MS).map(kindOf);
    for (let dealt = 0; dealt + KINDS.length <= kinds.length; dealt += KINDS.length) {
      expect(new Set(kinds.slice(dealt, dealt + KINDS.length)).size).toBe(KINDS.length);
    }
  });

  it('befalls every process and every cable in an hour', () => {
    const targets = new Set<string>(planOf(7, 6 * TEN_MINUTES_MS).map(({ target }) => target));
    const all = [...PROGRAMS, ...SERVERS, ...Object.values(CABLE_TARGETS).flat()];
    expect(all.filter((target) => !targets.has(target))).toEqual([]);
  });

  it('is over before the end', () => {
    for (const { atMs, durationMs } of planOf(7, TEN_MINUTES_MS)) {
      expect(atMs).toBeGreaterThanOrEqual(2_000);
      expect(atMs + durationMs).toBeLessThan(TEN_MINUTES_MS + 1_000);
    }
  });
});
