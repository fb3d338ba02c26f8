/**
 * The outbox's benchmark. Rates move with the machine and from minute to minute: only the ratios within one run mean
 * something, so every peer is measured in it.
 *
 *   node bench/outbox/run.mjs [part …] [flags]       --help tells them
 *
 * The library must be built (`npm run build`). The broker is the real nats-streaming-server if
 * NATS_STREAMING_SERVER names one, and else this project's own.
 */
import { writeFileSync } from 'node:fs';
import { RELAY_DEFAULTS } from './library.mjs';
import { Report } from './report.mjs';
import { machineFacts, startPostgres } from './servers.mjs';
import { HELP, readSettings } from './settings.mjs';

const settings = readSettings(process.argv.slice(2));
if (settings.help) {
  console.log(HELP);
  process.exit(0);
}
const postgres = await startPostgres();
try {
  const facts = await machineFacts(postgres);
  console.log(
    `${facts.machine}; Node ${facts.node}, ${facts.platform}; PostgreSQL ${facts.postgres}; ${facts.broker}`,
  );
  console.log(`PostgreSQL: ${pairsOf(facts.settings)}`);
  console.log(`relay: ${pairsOf(RELAY_DEFAULTS)}`);
  if (settings.quick) console.log('--quick: small numbers; what is met or missed here means nothing');
  const report = new Report();
  for (const name of settings.parts) {
    const part = await import(`./parts/${name}.mjs`);
    report.begin(name, part.title);
    await part.run({ postgres, report, settings });
  }
  const missed = report.missed;
  console.log(missed.length === 0 ? '\nEvery target is met.' : `\nMissed: ${missed.length}.`);
  if (settings.json !== undefined) {
    const { help: _help, json, ...sizes } = settings;
    writeFileSync(
      json,
      `${JSON.stringify({ facts, relay: RELAY_DEFAULTS, sizes, parts: report.parts }, null, 2)}\n`,
    );
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await postgres.stop();
  // After a failure processes are left; they end with this one.
  process.exit();
}

function pairsOf(record) {
  return Object.entries(record)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
