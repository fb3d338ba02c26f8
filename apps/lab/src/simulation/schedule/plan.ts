import type { EventDelivery } from '@app/outbox';
import type { NatsVariables } from '../bank/bank.js';
import type { Order } from '../bank/transactions.js';
import { MESSAGE_POINTS, STEP_POINTS } from '../faults/points.js';
import type { Blow, Fault, When } from '../faults/fault.js';
import { Chances } from '../world/chances.js';
import type { Weather } from '../world/world.js';
import type { PlannedOrder } from './client.js';

/** Everything that a seed decides but the length of the ways. */
export interface Plan {
  readonly seed: number;
  readonly orders: readonly PlannedOrder[];
  readonly faults: readonly Fault[];
  readonly instances: { readonly transactions: number; readonly accounts: number };
  readonly delivery: EventDelivery;
  readonly weather: Weather;
  readonly relay: { readonly leaseMs: number; readonly lanesMax: number; readonly runMax: number };
  readonly nats: NatsVariables;
  /** From this many choices on, nothing is left to chance; default: never. */
  readonly choicesMax?: number | undefined;
}

/** Of the stream from which plans are drawn. */
const STREAM = 7;
/** Orders are made, and faults with a time strike, within so many ms. */
export const BUSY_MS = 2_000;
const ORDERS_MAX = 10;
const FAULTS_MAX = 6;
const OCCURRENCES_MAX = 6;
const AMOUNT_MINOR_MAX = 6_000;

/** How it is on most days. */
export const CALM: Weather = { wayMicros: [200, 1_500], slowPercent: 1, slowMicros: 50_000 };
const ROUGH: Weather = { wayMicros: [200, 15_000], slowPercent: 6, slowMicros: 1_500_000 };

/** Draws what a seed stands for. */
export function planOf(seed: number, accounts: readonly string[]): Plan {
  const chances = new Chances(seed, STREAM);
  const instances = { transactions: chances.between(1, 2), accounts: chances.between(1, 2) };
  const orders = Array.from({ length: chances.between(1, ORDERS_MAX) }, (_, index) =>
    plannedOrder(`order-${index + 1}`, accounts, chances),
  );
  const programs = Object.entries(instances).flatMap(([service, count]) =>
    Array.from({ length: count }, (_, index) => `${service}-${index + 1}`),
  );
  const faults = Array.from({ length: chances.below(FAULTS_MAX + 1) }, () => faultOf(programs, chances));
  return {
    seed,
    orders,
    faults,
    instances,
    delivery: 'outbox',
    weather: chances.percent(40) ? ROUGH : CALM,
    relay: {
      leaseMs: chances.pick([1_000, 3_000, 10_000]),
      lanesMax: chances.pick([1, 2, 250]),
      runMax: chances.pick([1, 3, 20]),
    },
    nats: {
      NATS_ON_CONNECTION_LOST: chances.pick(['exit', 'reconnect']),
      NATS_RESUME_TIMEOUT_MS: chances.pick([2_000, 20_000]),
    },
  };
}

function plannedOrder(key: string, accounts: readonly string[], chances: Chances): PlannedOrder {
  // Few accounts and bursts: orders are to meet.
  const atMs = chances.percent(50) ? chances.below(100) : chances.below(BUSY_MS);
  return { key, atMs, order: orderOf(accounts, chances), instance: chances.below(2) };
}

function orderOf(accounts: readonly string[], chances: Chances): Order {
  const amountMinor = String(chances.between(1, AMOUNT_MINOR_MAX));
  const currency = 'EUR';
  const accountId = chances.pick(accounts);
  if (chances.percent(25)) {
    return { kind: chances.pick(['deposit', 'withdrawal']), accountId, amountMinor, currency };
  }
  const others = accounts.filter((id) => id !== accountId);
  const creditAccountId = chances.pick(others);
  return { kind: 'transfer', debitAccountId: accountId, creditAccountId, amountMinor, currency };
}

function faultOf(programs: readonly string[], chances: Chances): Fault {
  const upon = chances.pick(programs);
  const occurrence = chances.between(1, OCCURRENCES_MAX);
  if (chances.percent(40)) {
    const [point, fates] = chances.pick(MESSAGE_POINTS);
    return {
      when: { point, by: upon, occurrence },
      upon,
      blow: { kind: 'message', fate: chances.pick(fates) },
    };
  }
  const service = upon.startsWith('transactions') ? 'transactions' : 'accounts';
  const atStep = chances.percent(70);
  const when: When = atStep
    ? { point: chances.pick(STEP_POINTS[service]), by: upon, occurrence }
    : { atMs: chances.below(BUSY_MS) };
  return { when, upon, blow: blowUpon(service, chances) };
}

function blowUpon(service: 'transactions' | 'accounts', chances: Chances): Blow {
  const ms = (most: number) => chances.between(1, most);
  switch (chances.below(8)) {
    case 0:
    case 1:
    case 2:
      return { kind: 'kill', restartMs: ms(3_000) };
    case 3:
      return { kind: 'freeze', forMs: ms(15_000) };
    case 4:
      return { kind: 'stop', restartMs: ms(1_000) };
    case 5:
      return { kind: 'cable', mode: chances.pick(['cut', 'frozen']), forMs: ms(8_000) };
    case 6:
      return { kind: 'broker', keepsStore: chances.percent(75), downMs: ms(3_000) };
    default:
      return { kind: 'database', of: service, downMs: ms(3_000) };
  }
}
