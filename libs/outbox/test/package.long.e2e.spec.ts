import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { StreamingServer } from '@app/streaming-server';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { LiftedApplication } from '../../../test/lifted-application.js';

/** The compiler runs three times, and takes some seconds each time. */
jest.setTimeout(180_000);

const NAME = '@event-consistency/outbox';

let database: TestDatabase;
let application: LiftedApplication;

beforeAll(async () => {
  database = await createTestDatabase();
  application = await LiftedApplication.create(
    ['nats', 'outbox'],
    join(import.meta.dirname, 'lifted-app.fixture.txt'),
  );
});

afterAll(async () => {
  await application.remove();
  await database.drop();
});

describe('the packed library, beside that of the broker', () => {
  it('serves an empty Nest application with events of its own, by its two doors and its types', async () => {
    await using server = await StreamingServer.start({ clusterId: 'greenhouse' });
    const printed = await application.run({
      DATABASE_URL: database.url,
      NATS_URL: server.url,
      NATS_CLUSTER_ID: 'greenhouse',
    });
    expect(printed).toContain('PENDING 0');
    expect(printed).toContain('OUTCOMES processed processed repeated');
    expect(printed).toContain('DIARY [{"plant":"fern","nth":"1"},{"plant":"fern","nth":"2"}]');
    expect(printed).toContain('FAKED begin query commit');
  });

  it('holds the compiled library and its guide, no other library, and no test of its own', async () => {
    const unpacked = application.pathOf(NAME);
    expect((await readdir(unpacked)).sort()).toEqual(['README.md', 'dist', 'package.json']);
    expect(await readdir(join(unpacked, 'dist'))).toEqual(['outbox']);
    const files = await readdir(join(unpacked, 'dist'), { recursive: true });
    expect(files.filter((name) => /\.spec\.|fixture/.test(name))).toEqual([]);
  });

  it('knows no event of the bank', async () => {
    const words = await application.wordsOfTheBank(NAME);
    expect(words.size).toBeGreaterThan(50);
    expect([...words].filter(([, word]) => word !== 'none')).toEqual([]);
  });
});
