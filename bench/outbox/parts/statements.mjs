/** What the relay asks of the database under load. */
import { startChild } from '../children.mjs';
import { openOutbox } from '../outbox-tables.mjs';
import { startBroker } from '../servers.mjs';
import { callsOf } from '../statements.mjs';

/** Of the rate asked for, so that it counts as offered. */
const ENOUGH = 0.95;

export const title = "the relay's statements under load, BEGIN and COMMIT included";

export async function run({ postgres, report, settings }) {
  const { offeredPerSecond: perSecond, offeredSeconds: seconds, perTransaction, keys } = settings;
  const broker = await startBroker();
  const outbox = await openOutbox(postgres, 'statements');
  const service = await startChild('service', { url: outbox.url, broker });
  await service.call('start');
  const offered = await service.call('offer', { perSecond, perTransaction, seconds, keys });
  await service.stop();
  await outbox.drop();
  await broker.stop();
  const { emitted, writtenMs, acknowledgedMs, statements } = offered;
  report.row(`events offered, ${perTransaction} a transaction`, {
    'a second': perSecond,
    'written a second': (emitted * 1_000) / writtenMs,
    'acknowledged a second': (emitted * 1_000) / acknowledgedMs,
  });
  if (emitted / writtenMs < (perSecond / 1_000) * ENOUGH)
    report.note('the machine could not offer as much as asked');
  const calls = Object.entries(statements).map(([name, { calls }]) => [name, calls]);
  report.row("the relay's statements", Object.fromEntries(calls));
  report.target('statements a message', { most: 0.05 }, callsOf(statements) / emitted);
}
