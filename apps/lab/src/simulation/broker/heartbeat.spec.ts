import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { enterWorld } from '../world/globals.js';
import { runAs, SimulatedProcess } from '../world/simulated-process.js';
import { World } from '../world/world.js';
import { Broker } from './broker.js';
import { installBroker } from './current-broker.js';
import { connect } from './simulated-client.js';

const FAR_MS = 100_000;
const OPTIONS = {
  ackTimeout: 5_000,
  connectTimeout: 1_000,
  // The outer PINGs come too late to find anything here.
  stanPingInterval: 60_000,
  stanMaxPingOut: 3,
  pingInterval: 500,
  maxPingOut: 2,
  reconnectTimeWait: 250,
  maxReconnectAttempts: -1,
};

let world: World;
let broker: Broker;
let leave: () => void;
let said: string[];

beforeEach(async () => {
  world = new World({ seed: 1, weather: { wayMicros: [100, 100], slowPercent: 0, slowMicros: 0 } });
  leave = enterWorld(world);
  broker = new Broker({ world, strikes: { strike: () => undefined } });
  installBroker(broker);
  said = [];
  const client = runAs(new SimulatedProcess('relay'), () => connect('bank', 'relay', OPTIONS));
  for (const event of ['connect', 'disconnect', 'reconnect', 'close']) {
    client.on(event, () => said.push(`${event} ${Math.round(world.elapsedMs / 100) * 100}`));
  }
  await pass(100);
});
afterEach(() => leave());

const pass = (ms: number) => {
  const until = world.elapsedMs + ms;
  world.after(ms * 1_000, 'time passes', () => undefined);
  return world.runUntil(() => world.elapsedMs >= until, FAR_MS);
};

describe('the PINGs of the inner client', () => {
  it('keep a connection on which they are answered', async () => {
    await pass(10_000);
    expect(said).toEqual(['connect 0']);
  });

  it('give a connection up when one more is due than may be unanswered', async () => {
    broker.cableOf('relay').freeze();
    await pass(3_000);
    expect(said[1]).toBe('disconnect 1500');
  });

  it('resume on a new connection not before the server has answered on it', async () => {
    broker.cableOf('relay').freeze();
    await pass(2_500);
    expect(said).toEqual(['connect 0', 'disconnect 1500']);
    broker.cableOf('relay').mend();
    await pass(10_000);
    expect(said).toEqual(['connect 0', 'disconnect 1500', 'reconnect 2600']);
  });
});
