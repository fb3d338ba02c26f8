import { jest } from '@jest/globals';
import type { PublishAck } from '@app/nats';
import { FakeMessageBus, RecordedLog } from '@app/nats/testing';
import { RELAY_DEFAULTS, type RelayOptions } from '../src/outbox.options.js';
import { Relay } from '../src/relay/relay.js';
import { Tables } from '../src/schema/tables.js';
import { CLAIM_LANES, CLAIM_SUSPECT } from '../src/sql/claim-lanes.js';
import { READ_RUNS } from '../src/sql/read-runs.js';
import { RECOVER_LANES } from '../src/sql/recover-lanes.js';
import { SETTLE_LANES } from '../src/sql/settle-lanes.js';
import { FakeDatabase } from './fake-database.js';
import { noteWritten } from './notes.js';

/** A time that no test lets pass, in ms. */
export const LONG_MS = 1_000_000;
/** Since when everything in a {@link RelayRig} waits. */
export const PENDING_SINCE = '2026-01-01T00:00:00.000000Z';

/** What the database answers to a look at what others have left. */
export function recovered(found: object = {}) {
  return { expired: 0, promoted: 0, suspects: false, next_due_ms: null, ...found };
}

/**
 * A relay on a {@link FakeDatabase} and fake time, whose jitter is the upper end of its range: for specs about when
 * it does what. Lanes are what {@link waits} has put there; their rows are not changed by a settlement.
 */
export class RelayRig {
  readonly database = new FakeDatabase();
  bus = new FakeMessageBus();
  relay: Relay;
  readonly log = RecordedLog.start();
  /** When each claim was made, in ms since the rig was made. */
  readonly claimTimes: number[] = [];
  /** Lanes that the next claims find, and what of them only a claim of suspects does, as their rows. */
  readonly ready: object[] = [];
  readonly suspects: object[] = [];
  private readonly runs = new Map<string, readonly string[]>();
  private readonly begun: number;

  constructor() {
    jest.useFakeTimers({ now: 0 });
    jest.spyOn(Math, 'random').mockReturnValue(1);
    this.begun = performance.now();
    this.database
      .answer(RECOVER_LANES, [recovered()])
      .answer(SETTLE_LANES, [{ lanes: 1 }])
      .answer(READ_RUNS, ([keys]) => (keys as string[]).flatMap((key) => this.messageRows(key)))
      .answer(CLAIM_SUSPECT, () => claim(this.suspects, 1))
      .answer(CLAIM_LANES, ([, lanesMax]) => {
        this.claimTimes.push(this.elapsedMs);
        return claim(this.ready, Number(lanesMax));
      });
    this.relay = this.relayWith({});
  }

  /** For `afterEach`: stops the relay, and gives time and chance back. */
  async dispose(): Promise<void> {
    const stopped = this.relay.stop();
    await this.pass(LONG_MS);
    await stopped;
    jest.useRealTimers();
    jest.restoreAllMocks();
  }

  /** A relay that looks for others' leases only at its start. */
  relayWith(options: Partial<RelayOptions>): Relay {
    const { bus } = this;
    jest.spyOn(bus, 'duplicateWindowMs', 'get').mockReturnValue(2 * LONG_MS);
    const all = { ...RELAY_DEFAULTS, recoverMs: LONG_MS, ...options };
    this.relay = new Relay({ dataSource: this.database.dataSource, tables: new Tables(), bus, options: all });
    return this.relay;
  }

  get elapsedMs(): number {
    return performance.now() - this.begun;
  }

  /** Lets time pass, and everything happen that is due by then. */
  pass(ms = 0): Promise<void> {
    return jest.advanceTimersByTimeAsync(ms);
  }

  /** A lane of this key that the next claim finds, with these messages. */
  waits(key: string, texts: readonly string[] = ['hello'], lanes = this.ready): void {
    this.runs.set(key, texts);
    lanes.push({
      floor: '7',
      key,
      ordered: true,
      settled_sequence: '0',
      pending_since: PENDING_SINCE,
      attempts: 1,
      failures: 0,
      crashes: 0,
      attempted_to: '0',
      last_error: null,
    });
  }

  /** From now on publishes hang until they are answered, in their order. */
  gatePublishes() {
    const waiting: ((answer: PublishAck | Error) => void)[] = [];
    const publish = jest.spyOn(this.bus, 'publish').mockImplementation(
      () =>
        new Promise((resolve, reject) => {
          waiting.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
        }),
    );
    const answerOne = (answer: PublishAck | Error = { guid: 'x' }) => waiting.shift()?.(answer);
    return { publish, answerOne };
  }

  /** The statements of this text so far. */
  statements(text: string) {
    return this.database.statements.filter(({ sql }) => sql === text);
  }

  /** What was settled, a list for each batch: key, state and number. */
  settlements(): string[][] {
    return this.statements(SETTLE_LANES).map(({ parameters }) => {
      const [, keys, states, settled] = parameters as [string, string[], string[], bigint[]];
      return keys.map((key, index) => `${key} ${states[index]} ${settled[index]}`);
    });
  }

  /** What was logged on this level. */
  lines(level: 'log' | 'warn' | 'error'): string[] {
    return this.log.lines.filter((line) => line.startsWith(level));
  }

  private messageRows(key: string): object[] {
    return (this.runs.get(key) ?? []).map((text, index) => {
      const event = noteWritten(key, text);
      return {
        id: event.id,
        key,
        sequence: String(index + 1),
        type: event.type,
        envelope: JSON.stringify(event),
        created_at: PENDING_SINCE,
        not_before: null,
      };
    });
  }
}

function claim(lanes: object[], lanesMax: number): object[] {
  const claimed = lanes.splice(0, lanesMax);
  return claimed.length > 0 ? claimed : [{ floor: '7', key: null }];
}
