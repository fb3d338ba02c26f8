import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { enterWorld } from '../world/globals.js';
import { runAs, SimulatedProcess } from '../world/simulated-process.js';
import { World } from '../world/world.js';
import { Broker } from './broker.js';
import { installBroker } from './current-broker.js';
import { connect, type SimulatedClient } from './simulated-client.js';

const OPTIONS = {
  ackTimeout: 5_000,
  connectTimeout: 2_000,
  stanPingInterval: 5_000,
  stanMaxPingOut: 3,
  pingInterval: 5_000,
  maxPingOut: 3,
  reconnectTimeWait: 1_000,
  maxReconnectAttempts: -1,
};
const FAR_MS = 600_000;

let world: World;
let broker: Broker;
let leave: () => void;
let owner: SimulatedProcess;
let said: string[];

beforeEach(() => {
  world = new World({ seed: 1, weather: { wayMicros: [100, 100], slowPercent: 0, slowMicros: 0 } });
  leave = enterWorld(world);
  broker = new Broker({ world, strikes: { strike: () => undefined } });
  installBroker(broker);
  owner = new SimulatedProcess('relay');
  said = [];
});
afterEach(() => leave());

const pass = (ms: number) => {
  const until = world.elapsedMs + ms;
  world.after(ms * 1_000, 'time passes', () => undefined);
  return world.runUntil(() => world.elapsedMs >= until, FAR_MS);
};

function clientWith(options: Partial<typeof OPTIONS> = {}): SimulatedClient {
  const client = runAs(owner, () => connect('bank', 'relay', { ...OPTIONS, ...options }));
  for (const event of ['connect', 'disconnect', 'reconnect', 'close'])
    client.on(event, () => said.push(event));
  client.on('error', (error: unknown) => said.push(String(error)));
  return client;
}

function publish(client: SimulatedClient, payload: string): void {
  client.publish('transfer.requested', payload, (error) =>
    said.push(`${payload}: ${error ? String(error) : 'acknowledged'}`),
  );
}

const stored = () => broker.history.map(({ payload }) => payload);

describe('the simulated client of NATS Streaming', () => {
  it('publishes when it is connected, and calls back when the message is stored', async () => {
    const client = clientWith();
    await pass(10);
    publish(client, 'one');
    await pass(10);
    expect([stored(), said]).toEqual([['one'], ['connect', 'one: acknowledged']]);
    expect(broker.handedInVain).toEqual([]);
  });

  it('sends what it is given before it is connected to nobody, and calls back with a time-out', async () => {
    const client = clientWith();
    publish(client, 'before it dials');
    await pass(0.15);
    publish(client, 'before it is answered');
    await pass(6_000);
    const timeout = 'Error: stan: publish ack timeout';
    expect(said).toEqual(['connect', `before it dials: ${timeout}`, `before it is answered: ${timeout}`]);
    expect([stored(), broker.received]).toEqual([[], []]);
    expect(broker.handedInVain).toHaveLength(2);
  });

  it('keeps what it is given while it is cut off, and sends it when it is back, though it has called back with a time-out', async () => {
    const client = clientWith();
    await pass(10);
    broker.cableOf('relay').cut();
    await pass(10);
    publish(client, 'kept');
    await pass(7_000);
    expect(said).toEqual(['connect', 'disconnect', 'kept: Error: stan: publish ack timeout']);
    broker.cableOf('relay').mend();
    await pass(2_000);
    expect([stored(), said.slice(3)]).toEqual([['kept'], ['reconnect']]);
    expect(broker.handedInVain).toHaveLength(1);
  });

  it('calls back without an error for what was never sent, when its attempts to reconnect are used up', async () => {
    const client = clientWith({ maxReconnectAttempts: 2 });
    await pass(10);
    broker.cableOf('relay').cut();
    await pass(10);
    publish(client, 'lost');
    await pass(3_000);
    expect([stored(), said]).toEqual([[], ['connect', 'disconnect', 'lost: acknowledged', 'close']]);
    publish(client, 'later');
    expect(said.at(-1)).toBe('later: Error: stan: Connection closed');
  });

  it('learns at its next ping that the broker has forgotten it, and closes', async () => {
    const client = clientWith();
    client.on('connection_lost', (reason: unknown) => said.push(String(reason)));
    await pass(10);
    broker.crash({ keepsStore: false });
    broker.restart();
    await pass(7_000);
    const reason = 'client has been replaced or is no longer registered';
    expect(said).toEqual(['connect', 'disconnect', 'reconnect', reason, 'close']);
  });
});
