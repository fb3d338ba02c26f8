import { pathToFileURL } from 'node:url';
import { within } from '../parts/deadline.js';
import { LogBook } from '../parts/log-book.js';
import { startNode, type Exit, type NodeProcess } from '../parts/node-process.js';
import { labFile } from '../parts/repository.js';
import type { Fault } from './fault-agent.js';
import type { RelaySettings } from './relay-program.js';

const START_MS_MAX = 60_000;
const END_MS_MAX = 30_000;

/** A relay in a process of its own, which is not started again when it ends. */
export class RelayProcess {
  readonly log = new LogBook();
  readonly clientId: string;
  exit: Exit | undefined;
  private readonly process: NodeProcess;

  private constructor(settings: RelaySettings, fault: Fault | undefined) {
    this.clientId = settings.clientId;
    const agent = pathToFileURL(labFile('relay-crashes/fault-agent.js')).href;
    this.process = startNode(
      {
        name: settings.clientId,
        script: labFile('relay-crashes/relay-program.js'),
        environment: {
          LAB_RELAY: JSON.stringify(settings),
          ...(fault && { LAB_FAULT: JSON.stringify(fault), NODE_OPTIONS: `--import=${agent}` }),
        },
        ownGroup: true,
      },
      this.log,
    );
    void this.process.exited.then((exit) => (this.exit = exit));
  }

  /** Resolves when it runs, or when its fault has struck before it could say so. */
  static async start(settings: RelaySettings, fault?: Fault): Promise<RelayProcess> {
    const relay = new RelayProcess(settings, fault);
    await relay.log.waitFor(/Relay \S+ runs|SIG(KILL|STOP) at /, START_MS_MAX);
    return relay;
  }

  /** Waits for a line of its log, from its start on. */
  said(pattern: RegExp, withinMs = END_MS_MAX): Promise<RegExpExecArray> {
    return this.log.waitFor(pattern, withinMs);
  }

  /** Waits until it has ended, by itself. */
  ended(): Promise<Exit> {
    return within(`${this.clientId} to end`, END_MS_MAX, this.process.exited, () => this.log.tail());
  }

  /** Goes on after a SIGSTOP. */
  wake(): void {
    this.process.kill('SIGCONT');
  }

  /** Asks it to end, and waits until it has. */
  async stop(): Promise<Exit> {
    this.process.kill('SIGTERM');
    return this.ended();
  }

  /** Ends it in whatever state it is. */
  async destroy(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.exited;
  }
}
