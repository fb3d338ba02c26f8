import { Logger as NestLogger } from '@nestjs/common';
import { Logger, PinoLogger } from 'nestjs-pino';
import { destination, stdTimeFunctions, type DestinationStream } from 'pino';
import type { LogEnvironment } from './log.environment.js';
import { textOf } from './text-line.js';

/** Whatever may hold a token or a password, in a logged object or one below it. */
const SECRETS = ['authorization', 'password', 'token', 'secret'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

const STDOUT = 1;

/**
 * From here on, whatever is logged through Nest's `Logger` goes out as structured lines: `time`, `level`, `context`,
 * `msg`, and the fields of what was logged. A process has one log: it is called once, before anything is made.
 *
 * @param to by default standard output, written at once, so that no line is lost when the process ends
 */
export function writeStructuredLog(
  { LOG_LEVEL, LOG_FORMAT }: LogEnvironment,
  to: DestinationStream = destination({ dest: STDOUT, sync: true }),
): void {
  const options = {
    level: LOG_LEVEL,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
    redact: SECRETS,
  };
  const stream = LOG_FORMAT === 'json' ? to : { write: (line: string) => to.write(textOf(line)) };
  const params = { pinoHttp: [options, stream] satisfies [object, DestinationStream] } as const;
  NestLogger.overrideLogger(
    new Logger(new PinoLogger({ pinoHttp: params.pinoHttp }), { pinoHttp: params.pinoHttp }),
  );
}
