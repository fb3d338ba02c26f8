import { Logger, type INestApplicationContext } from '@nestjs/common';
import { NatsConnection } from './nats-connection.js';
import { JetStreamConfigurationError } from './jetstream/jetstream.errors.js';
import { NatsConnectError } from './nats.errors.js';

/** Exit codes of a service, after BSD's sysexits.h where it has a name for the case. */
export const EXIT_CODES = {
  /** It was asked to stop. */
  stopped: 0,
  /** A fault. */
  failed: 1,
  /** EX_TEMPFAIL: the NATS connection was lost, or never stood. Started again, it may work. */
  connectionLost: 75,
  /** EX_CONFIG: the environment is not valid. Started again, it is just as wrong. */
  invalidConfiguration: 78,
  /**
   * It was asked a second time by the same signal, and did not wait for its shutdown: 128 and the signal's number,
   * which a shell says of a process that the signal itself ended. The signal is not raised again instead, because
   * the kernel ignores it for the first process of a container.
   */
  cutShort: { SIGINT: 130, SIGTERM: 143 },
} as const;

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * The life of a service as an operating system process: it runs until it is asked to stop, or until its
 * NATS connection is lost with `onConnectionLost: 'exit'`. Either way it ends through Nest's shutdown: no
 * new requests, running ones done, handlers done and acknowledged, client closed. A second SIGINT, or a
 * shutdown over its deadline, ends it at once.
 *
 * Nest's own `enableShutdownHooks` is not used beside it: it ends by sending itself the signal again, or
 * with code 0, and so cannot say *why* the process ended.
 */
export class ServiceProcess {
  private readonly logger = new Logger('Service');
  private stopping = false;
  /** For the reason why it stops; the first reason counts. */
  private exitCode: number = EXIT_CODES.stopped;

  /** @param shutdownTimeoutMs the deadline of a shutdown */
  constructor(
    private readonly app: INestApplicationContext,
    private readonly shutdownTimeoutMs: number,
  ) {}

  /**
   * Listens for signals and for a lost connection, and then starts the service.
   * A start that fails ends the process with a code for its cause.
   */
  async run(start: () => Promise<void>): Promise<void> {
    for (const signal of STOP_SIGNALS) this.stopAt(signal);
    const connection = this.app.get(NatsConnection);
    if (connection.options.onConnectionLost === 'exit') {
      connection.arrangeExit();
      connection.once('lost', () => void this.stop('the NATS connection is lost', EXIT_CODES.connectionLost));
    }
    try {
      await start();
    } catch (error) {
      // A start that fails because it was told to stop needs no report.
      if (this.stopping) return;
      this.logger.error(error instanceof NatsConnectError ? error.message : error);
      await this.stop('it could not start', exitCodeOf(error));
    }
  }

  private stopAt(signal: (typeof STOP_SIGNALS)[number]): void {
    let times = 0;
    process.on(signal, () => {
      // Who asks again does not want to wait. One of each is no second time: at Ctrl-C the terminal sends SIGINT
      // to the whole process group, and a parent that is in it sends its children SIGTERM after that.
      if (++times === 1) void this.stop(signal, EXIT_CODES.stopped);
      else this.breakOff(`A second ${signal} cut the shutdown short`, EXIT_CODES.cutShort[signal]);
    });
  }

  private async stop(reason: string, exitCode: number): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.exitCode = exitCode;
    this.logger.log(`Stopping: ${reason}`);
    setTimeout(() => {
      this.breakOff(`The shutdown took over ${this.shutdownTimeoutMs} ms`, EXIT_CODES.failed);
    }, this.shutdownTimeoutMs);
    try {
      await this.app.close();
    } catch (error) {
      this.logger.error(error);
      process.exit(exitCode || EXIT_CODES.failed);
    }
    this.logger.log(`Stopped with exit code ${exitCode}`);
    process.exit(exitCode);
  }

  /** Ends the process in the middle of its shutdown: with the code of its first reason, unless that claims success. */
  private breakOff(why: string, exitCode: number): void {
    this.logger.error(`${why}; exiting`);
    process.exit(this.exitCode || exitCode);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof JetStreamConfigurationError) return EXIT_CODES.invalidConfiguration;
  return error instanceof NatsConnectError ? EXIT_CODES.connectionLost : EXIT_CODES.failed;
}
