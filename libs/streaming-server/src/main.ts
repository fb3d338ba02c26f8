import { createLog } from './command/console-log.js';
import { helpText, parseFlags } from './command/flags.js';
import { run } from './command/run.js';
import { errorText } from './errors.js';
import { SERVER_VERSION } from './version.js';

/** Not 1: a process manager must be able to tell a stop that was asked for from a failure. */
const EXIT_STOPPED = 0;
const EXIT_FAILED = 1;

async function main(): Promise<void> {
  const { settings, warnings } = parseFlags(process.argv.slice(2));
  if (settings.help === true) return void process.stdout.write(helpText());
  if (settings.version === true)
    return void process.stdout.write(`nats-streaming-server version ${SERVER_VERSION}\n`);
  const log = createLog({ file: settings.logFile, debug: settings.debug === true });
  warnings.forEach((warning) => log.warn(warning));
  const server = await run(settings, log);
  const stop = (): void => void server.stop().finally(() => process.exit(EXIT_STOPPED));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`nats-streaming: ${errorText(error)}\n`);
  process.exit(EXIT_FAILED);
}
