import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StreamingServer } from '@app/streaming-server';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { LiftedApplication } from '../../../test/lifted-application.js';

/** The compiler runs twice, and takes some seconds each time. */
jest.setTimeout(120_000);

const NAME = '@event-consistency/nats';

let application: LiftedApplication;

beforeAll(async () => {
  application = await LiftedApplication.create(['nats'], join(import.meta.dirname, 'lifted-app.fixture.txt'));
});

afterAll(() => application.remove());

describe('the packed library', () => {
  it('serves an application with events of its own, by its two doors and its types', async () => {
    await using server = await StreamingServer.start({ clusterId: 'greenhouse' });
    const printed = await application.run({ NATS_URL: server.url, NATS_CLUSTER_ID: 'greenhouse' });
    expect(printed).toContain('HEARD {"plant":"fern","litres":2}');
    expect(printed).toContain('FAKED 1');
  });

  it('holds the compiled library and its guide, and no test of its own', async () => {
    const unpacked = application.pathOf(NAME);
    expect((await readdir(unpacked)).sort()).toEqual(['README.md', 'dist', 'package.json']);
    const files = await readdir(join(unpacked, 'dist'), { recursive: true });
    expect(files.filter((name) => /\.spec\.|contract/.test(name))).toEqual([]);
  });

  it('knows no event of the bank', async () => {
    const words = await application.wordsOfTheBank(NAME);
    expect(words.size).toBeGreaterThan(20);
    expect([...words].filter(([, word]) => word !== 'none')).toEqual([]);
  });
});
