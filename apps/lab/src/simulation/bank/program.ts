import { runAs, SimulatedProcess } from '../world/simulated-process.js';
import type { World } from '../world/world.js';
import { Service, type ServiceParts } from './service.js';

/** A process that ends by itself is started again after this time, as a supervisor does. */
const RESTART_MS = 500;
/** A shutdown that takes longer is cut short. */
const SHUTDOWN_MS = 10_000;

/** One place at which instances of a service run, one after the other, under one name. */
export class Program<Api> {
  /** How many instances have ended. */
  ends = 0;
  /** Of the running instance; undefined while there is none that takes requests. */
  service: Service<Api> | undefined;
  process: SimulatedProcess;
  /** Whether its instance was asked to stop, and has its connection to say goodbye on. */
  stopsInPeace = false;

  constructor(
    private readonly world: World,
    readonly name: string,
    private readonly parts: ServiceParts<Api>,
  ) {
    this.process = new SimulatedProcess(name);
  }

  /** Starts an instance, unless one runs. */
  start(): void {
    if (this.service && !this.process.dead) return;
    const process = new SimulatedProcess(this.name);
    this.process = process;
    this.stopsInPeace = false;
    process.onEnd.push(() => {
      this.ends += 1;
      this.service = undefined;
    });
    this.world.trace.tell(this.name, this.name, () => 'starts');
    void runAs(process, async () => {
      const service = await Service.start(this.parts, process);
      if (process.dead) return;
      service.whenLost(() => this.stop(RESTART_MS, { inPeace: false }));
      this.service = service;
    });
  }

  /** SIGKILL, and a new instance after a time. */
  kill(restartMs: number): void {
    if (this.process.dead) return;
    this.world.trace.tell(this.name, this.name, () => 'is killed');
    this.process.kill();
    this.world.after(restartMs * 1_000, 'restart', () => this.start());
  }

  /** SIGSTOP for a time. */
  freeze(forMs: number): void {
    const { process } = this;
    this.world.trace.tell(this.name, this.name, () => `is frozen for ${forMs} ms`);
    process.freeze();
    this.world.after(forMs * 1_000, 'thaw', () => process.thaw());
  }

  /** SIGTERM, and a new instance after it has ended. */
  stop(restartMs: number, { inPeace = true }: { readonly inPeace?: boolean } = {}): void {
    const { process, service } = this;
    if (process.dead || !service) return;
    this.service = undefined;
    this.stopsInPeace = inPeace;
    this.world.trace.tell(this.name, this.name, () => 'stops');
    const end = () => {
      if (process.dead) return;
      this.world.trace.tell(this.name, this.name, () => 'has ended');
      process.kill();
      this.world.after(restartMs * 1_000, 'restart', () => this.start());
    };
    this.world.after(SHUTDOWN_MS * 1_000, 'shutdown deadline', end, process);
    void runAs(process, () => service.stop().then(end, end));
  }
}
