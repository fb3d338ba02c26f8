import { Logger, type LoggerService } from '@nestjs/common';

/** Takes the place of Nest's logger in a spec: nothing is printed, and every line can be looked at. */
export class RecordedLog implements LoggerService {
  /** Each line as `level message`, in order. */
  readonly lines: string[] = [];

  /** Starts to record. In effect until the end of the test file, or the next call. */
  static start(): RecordedLog {
    const log = new RecordedLog();
    Logger.overrideLogger(log);
    return log;
  }

  log(message: unknown): void {
    this.add('log', message);
  }

  warn(message: unknown): void {
    this.add('warn', message);
  }

  error(message: unknown): void {
    this.add('error', message);
  }

  private add(level: string, message: unknown): void {
    this.lines.push(`${level} ${message instanceof Error ? message.message : String(message)}`);
  }
}
