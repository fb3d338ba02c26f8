import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { EXHIBITS, play } from '../src/exhibits/exhibits.js';
import type { Finding } from '../src/exhibits/finding.js';

jest.setTimeout(60_000);

/** All at once: most of their time is waiting for a time-out of the client's. */
const played = new Map<string, Promise<Finding[]>>();

beforeAll(() => {
  Logger.overrideLogger(false);
  const audience = { half: () => undefined, step: () => undefined, finding: () => undefined };
  for (const exhibit of EXHIBITS) {
    const findings = play(exhibit, audience);
    findings.catch(() => undefined); // its test says so
    played.set(exhibit.id, findings);
  }
});

afterAll(() => Promise.allSettled(played.values()));

describe.each(EXHIBITS)('exhibit $id: $title', ({ id }) => {
  it.each(['raw client', 'provider'] as const)('the %s behaves as described', async (half) => {
    const findings = ((await played.get(id)) ?? []).filter((finding) => finding.half === half);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.filter(({ holds }) => !holds)).toEqual([]);
  });
});
