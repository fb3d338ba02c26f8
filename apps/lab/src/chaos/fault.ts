import type { CableMode } from '../cable/cable.js';

/** The two instances of each service: `a` ends its process when NATS is lost, `b` connects again. */
export const TRANSACTIONS = ['transactions-a', 'transactions-b'] as const;
export const ACCOUNTS = ['accounts-a', 'accounts-b'] as const;
export type Instance = (typeof TRANSACTIONS | typeof ACCOUNTS)[number];

/** The relays that are processes of their own; instance `a` of each service has another one built in. */
export const RELAYS = ['relay-of-transactions', 'relay-of-accounts'] as const;
export type RelayProcess = (typeof RELAYS)[number];

/** Every process that has a connection to both servers. */
export const PROGRAMS = [...TRANSACTIONS, ...ACCOUNTS, ...RELAYS] as const;
export type Program = Instance | RelayProcess;

export const SERVERS = ['broker', 'postgres'] as const;
export type Server = (typeof SERVERS)[number];

/** What can be killed and stopped. */
export type ProcessTarget = Program | Server;

/** A path between two of them, named by its ends: `client–transactions-a`, `accounts-b–postgres`. */
export type CableTarget = `client–${(typeof TRANSACTIONS)[number]}` | `${Program}–${Server}`;

/** Clients order transfers; nobody asks `accounts` for anything while it is tried. */
export const CABLE_TARGETS: Readonly<Record<'client' | Server, readonly CableTarget[]>> = {
  client: TRANSACTIONS.map((name): CableTarget => `client–${name}`),
  broker: PROGRAMS.map((name): CableTarget => `${name}–broker`),
  postgres: PROGRAMS.map((name): CableTarget => `${name}–postgres`),
};

/** What is done to a cable. */
export type CableFault = Exclude<CableMode, 'mended'>;
export const CABLE_FAULTS = [
  'refuse',
  'accept-and-close',
  'freeze',
  'stall',
  'slow',
  'reset',
  'lose-requests',
  'lose-answers',
  'half-open',
  'flapping',
] as const satisfies readonly CableFault[];

/** One thing that goes wrong. */
export type FaultAction =
  /** SIGKILL; whoever keeps it running starts it again, a server after the fault's duration. */
  | { readonly action: 'kill'; readonly target: ProcessTarget }
  /** SIGSTOP for the fault's duration, SIGCONT after it. */
  | { readonly action: 'pause'; readonly target: ProcessTarget }
  /** One instance after the other is asked to stop (SIGTERM) and started again; the next waits until it listens. */
  | { readonly action: 'roll'; readonly target: 'transactions' | 'accounts' }
  | { readonly action: CableFault; readonly target: CableTarget };

/** One thing that goes wrong, and when. */
export type Fault = FaultAction & {
  /** Its place in the plan, from 1. */
  readonly number: number;
  /** From the beginning of the run, in ms. */
  readonly atMs: number;
  /** How long it lasts; a rolling restart lasts as long as it takes. */
  readonly durationMs: number;
};

/** What a kind of fault is called: several targets are of one kind. */
export function kindOf({ action, target }: FaultAction): string {
  return `${action} ${targetKind(target)}`;
}

function targetKind(target: FaultAction['target']): string {
  if (target.includes('–'))
    return target.startsWith('client') ? 'client–service' : `service–${target.split('–')[1]}`;
  if (target.startsWith('relay')) return 'relay';
  return target.replace(/-[ab]$/, '');
}
