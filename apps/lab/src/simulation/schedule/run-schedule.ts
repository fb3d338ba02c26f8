import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { NATS_STEPS } from '@app/nats';
import { OUTBOX_STEPS } from '@app/outbox';
import { Bank } from '../bank/bank.js';
import type { Fault } from '../faults/fault.js';
import { FaultPlan, type Hammer } from '../faults/fault-plan.js';
import { enterWorld } from '../world/globals.js';
import { currentProcess } from '../world/simulated-process.js';
import type { StoryLine } from '../world/trace.js';
import { World } from '../world/world.js';
import { committedRows } from './simulated-books.js';
import { Client } from './client.js';
import { findingsOf, type Finding, type Remains } from './findings.js';
import type { FoundedBank } from './found-bank.js';
import { Handling } from './handling.js';
import { BUSY_MS, type Plan } from './plan.js';

/** What became of a schedule. */
export interface Outcome {
  readonly plan: Plan;
  readonly findings: readonly Finding[];
  /** The same for the same history. */
  readonly hash: () => string;
  readonly events: number;
  readonly choices: number;
  readonly elapsedMs: number;
  /** The faults that struck. */
  readonly struck: readonly Fault[];
  readonly story: readonly StoryLine[];
}

/** Faults strike until here at the latest; then everything is mended, and must come to rest. */
const HEALED_MS = 20_000;
/** Longer than every time-out, pause and redelivery that is under way at the healing, one after the other. */
const REST_MS = 120_000;
/** Between two looks whether all is at rest, in virtual ms. */
const LOOK_MS = 20;

/** Runs a plan from its first order until nothing moves, and judges what is left. */
export async function runSchedule(
  founded: FoundedBank,
  plan: Plan,
  { telling = false }: { readonly telling?: boolean } = {},
): Promise<Outcome> {
  const world = new World({ seed: plan.seed, weather: plan.weather, choicesMax: plan.choicesMax });
  world.trace.telling = telling;
  const leave = enterWorld(world);
  const schedule = new Schedule(world, founded, plan);
  try {
    await schedule.run();
    return schedule.outcome();
  } finally {
    schedule.end();
    leave();
  }
}

class Schedule {
  private readonly bank: Bank;
  private readonly faults: FaultPlan;
  private readonly client: Client;
  private readonly handling = new Handling();
  private readonly findings: Finding[] = [];
  private readonly timed: Fault[];
  private readonly stopListening: () => void;
  private lookAtMs = 0;
  private mended = false;

  constructor(
    private readonly world: World,
    founded: FoundedBank,
    private readonly plan: Plan,
  ) {
    this.faults = new FaultPlan(plan.faults, this.hammer);
    this.bank = new Bank(world, founded, plan, {
      strikes: this.faults,
      // A client that has lost its connection says goodbye, too, and its process goes on.
      closed: (owner) => {
        if (this.bank.program(owner.name).stopsInPeace) this.handling.closed(owner);
      },
    });
    this.client = new Client(world, this.faults, this.bank.transactions);
    this.timed = plan.faults.filter(({ when }) => 'atMs' in when);
    this.stopListening = this.listen();
  }

  async run(): Promise<void> {
    const { world, plan, bank } = this;
    bank.start();
    this.client.order(plan.orders);
    for (const fault of this.timed) this.strikeAtTime(fault);
    const rested = await world.runUntil(() => this.isAtRest(), HEALED_MS);
    if (rested) return;
    this.heal();
    if (await world.runUntil(() => this.isAtRest(), HEALED_MS + REST_MS)) return;
    this.findings.push({ kind: 'stuck', text: this.whatIsStuck() });
  }

  outcome(): Outcome {
    const { world, plan, faults } = this;
    return {
      plan,
      findings: [...this.findings, ...findingsOf(this.remains())],
      hash: () => world.trace.hashWith(this.databases()),
      events: world.trace.length,
      choices: world.choices,
      elapsedMs: world.elapsedMs,
      struck: [...faults.struck],
      story: world.trace.story,
    };
  }

  private remains(): Remains {
    return { bank: this.bank, client: this.client, handling: this.handling };
  }

  /** Everything that stands in both databases in the end. */
  private databases(): string {
    const images = Object.values(this.bank.databases).map(({ database }) => [...database.image()]);
    return JSON.stringify(images, (_name, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
  }

  end(): void {
    this.stopListening();
    for (const { process } of this.bank.programs) process.kill();
  }

  private readonly hammer: Hammer = (blow, upon) => {
    const { bank, world } = this;
    switch (blow.kind) {
      case 'kill':
        return bank.program(upon).kill(blow.restartMs);
      case 'freeze':
        return bank.program(upon).freeze(blow.forMs);
      case 'stop':
        return bank.program(upon).stop(blow.restartMs);
      case 'cable': {
        const cable = bank.broker.cableOf(upon);
        this.tell(upon, `its cable is ${blow.mode}`);
        if (blow.mode === 'cut') cable.cut();
        else cable.freeze();
        return void world.after(blow.forMs * 1_000, 'mend cable', () => cable.mend());
      }
      case 'broker':
        if (!bank.broker.up) return;
        this.tell('broker', `crashes ${blow.keepsStore ? 'and keeps' : 'without'} its store`);
        bank.broker.crash(blow);
        return void world.after(blow.downMs * 1_000, 'broker restarts', () => bank.broker.restart());
      case 'database': {
        const server = bank.databases[blow.of];
        if (!server.up) return;
        this.tell(`${blow.of}-db`, 'crashes');
        server.crash();
        return void world.after(blow.downMs * 1_000, 'database restarts', () => server.restart());
      }
    }
  };

  private strikeAtTime(fault: Fault): void {
    const { when, blow, upon } = fault;
    if (!('atMs' in when)) return;
    this.world.after(when.atMs * 1_000, 'fault', () => {
      this.faults.struck.add(fault);
      if (blow.kind !== 'message') this.hammer(blow, upon);
    });
  }

  /** Steps of the libraries are points too, and part of the story. */
  private listen(): () => void {
    const listeners = [...OUTBOX_STEPS, ...NATS_STEPS].map((step) => {
      const listener = (detail: unknown) => {
        const process = currentProcess();
        if (!process || process.dead) return;
        this.handling.reached(step, process, detail);
        this.world.trace.tell(process.name, process.name, () => step);
        this.faults.strike(step, process);
      };
      subscribe(step, listener);
      return () => unsubscribe(step, listener);
    });
    return () => listeners.forEach((stop) => stop());
  }

  private isAtRest(): boolean {
    const { world, bank, client } = this;
    if (world.elapsedMs < this.lookAtMs) return false;
    this.lookAtMs = world.elapsedMs + LOOK_MS;
    if (!client.done || (!this.mended && this.timed.length > 0 && world.elapsedMs < BUSY_MS)) return false;
    if (!bank.broker.up || !bank.broker.drained) return false;
    return this.whatIsStuck() === '';
  }

  /** What still waits for something, in words. */
  private whatIsStuck(): string {
    const { bank, client } = this;
    const count = (server: 'transactions' | 'accounts', table: string) =>
      committedRows(bank.databases[server], table).length;
    const forgotten = bank.broker.forgotten.size > 0;
    const pending = committedRows<{ status: string }>(bank.databases.transactions, 'transfer').filter(
      ({ status }) => status === 'pending',
    ).length;
    const waiting = {
      'orders without an answer': client.done ? 0 : 1,
      'keys in the outbox of transactions': count('transactions', 'outbox_lane'),
      'keys in the outbox of accounts': count('accounts', 'outbox_lane'),
      'messages at the broker': bank.broker.drained ? 0 : 1,
      'pending transfers': forgotten ? 0 : pending,
    };
    return Object.entries(waiting)
      .flatMap(([what, number]) => (number > 0 ? [`${number} ${what}`] : []))
      .join(', ');
  }

  private heal(): void {
    const { bank } = this;
    this.mended = true;
    this.faults.end();
    if (!bank.broker.up) bank.broker.restart();
    for (const server of Object.values(bank.databases)) if (!server.up) server.restart();
    for (const program of bank.programs) {
      bank.broker.cableOf(program.name).mend();
      program.process.thaw();
    }
  }

  private tell(who: string, text: string): void {
    this.world.trace.tell(who, who, () => text);
  }
}
