import { appendFileSync } from 'node:fs';
import type { Log } from '../log.js';

/** Writes lines of the real server's form, to standard error as it does, or to a file. */
export function createLog(options: { file: string | undefined; debug: boolean }): Log {
  const { file, debug } = options;
  // Whoever read the log may go away; the server stays.
  process.stderr.on('error', () => undefined);
  const write = (level: string, line: string): void => {
    const time = new Date().toISOString().replaceAll('-', '/').replace('T', ' ').replace('Z', '');
    const text = `[${process.pid}] ${time} [${level}] ${line}\n`;
    if (file === undefined) process.stderr.write(text);
    else appendFileSync(file, text);
  };
  return {
    notice: (line) => write('INF', line),
    warn: (line) => write('WRN', line),
    error: (line) => write('ERR', line),
    debug: (line) => (debug ? write('DBG', line) : undefined),
  };
}
