/** What a transaction pays for its event. */
import { startChild } from '../children.mjs';
import { median } from '../numbers.mjs';
import { createDomainTables, emptied, openOutbox, writeBacklog } from '../outbox-tables.mjs';
import { startBroker } from '../servers.mjs';

/** The service's warm-up uses keys too. */
const SPARE_KEYS = 100;

export const title = 'a transaction of two inserts with an event, and without';

export async function run({ postgres, report, settings }) {
  const { pairs: count } = settings;
  const broker = await startBroker();
  const outbox = await openOutbox(postgres, 'writer');
  await createDomainTables(outbox);
  await useKeysOnce(outbox, broker, count + SPARE_KEYS);
  const service = await startChild('service', { url: outbox.url, broker });
  const { took, sent } = await service.call('pairs', { count });
  await service.stop();
  await outbox.drop();
  await broker.stop();
  report.note(`${count} interleaved pairs, one after the other; each event is of a key that was used before`);
  for (const [way, name] of Object.entries(NAMES)) {
    report.row(name, { 'ms (median)': median(took[way]), statements: sent[way] / count });
  }
  const ratios = took.with.map((ms, pair) => ms / took.without[pair]);
  report.target('more statements for the event, at least', { least: 1 }, (sent.with - sent.without) / count);
  report.target('more statements for the event, at most', { most: 1 }, (sent.with - sent.without) / count);
  report.target('times the time, median of the pairs', { most: 1.35 }, median(ratios));
}

const NAMES = {
  raw: 'pg alone, no library',
  without: 'unit of work, no event',
  with: 'unit of work, one event',
};

/** Then the keys' counters are there, and nothing waits: what a transaction finds in everyday life. */
async function useKeysOnce(outbox, broker, keys) {
  await writeBacklog(outbox, keys, keys);
  const relay = await startChild('relay', { url: outbox.url, broker });
  relay.tell('start');
  await emptied(outbox);
  await relay.stop();
  await outbox.dataSource.query('vacuum analyze');
}
