/** How long an event takes when there is nothing else to do. */
import { startChild } from '../children.mjs';
import { percentile } from '../numbers.mjs';
import { createDomainTables, openOutbox } from '../outbox-tables.mjs';
import { startBroker } from '../servers.mjs';

export const title = 'at rest, from the commit to the acknowledgement';

export async function run({ postgres, report, settings }) {
  const { restEvents: events, restSpacingMs: spacingMs } = settings;
  report.note(`${events} events, one each ${spacingMs} ms, and between two of them the same by hand`);
  const broker = await startBroker();
  const outbox = await openOutbox(postgres, 'rest');
  await createDomainTables(outbox);
  const service = await startChild('service', { url: outbox.url, broker });
  await service.call('start');
  const { own, peer } = await service.call('rest', { events, spacingMs });
  await service.stop();
  await outbox.drop();
  await broker.stop();
  const byHand = row(report, 'one commit + one publish, by hand', peer, 'fromCommitMs');
  const through = row(report, 'commit → outbox → acknowledgement', own, 'fromCommitMs');
  row(report, '  without the commit itself', own, 'fromAnswerMs');
  report.target('p50, times by hand', { most: 3 }, through.p50 / byHand.p50);
  report.target('p99, times by hand', { below: 10 }, through.p99 / byHand.p99);
}

function row(report, name, samples, which) {
  const times = samples.map((sample) => sample[which]);
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
  report.row(name, { 'ms p50': p50, 'ms p99': p99 });
  return { p50, p99 };
}
