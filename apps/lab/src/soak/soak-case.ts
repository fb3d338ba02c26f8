import type { CableMode } from '../cable/cable.js';
import { SLOW_MS } from '../cable/modes.js';
import type { SoakStage } from './soak-stage.js';
import type { SoakService } from './soak-service.js';

/** What can befall a service in a round. Resolves with whether it really did: seen from the service's side. */
export type SoakCase = (stage: SoakStage, target: SoakService) => Promise<boolean>;

/** A restart that takes longer is no quick one. */
const RESTART_MS_MAX = 1_000;

/** Every case by its name. */
export const SOAK_CASES: Readonly<Record<string, SoakCase>> = {
  refuse: (stage, target) => breakCable(stage, target, 'refuse'),
  'accept and close': (stage, target) => breakCable(stage, target, 'accept-and-close'),
  freeze: (stage, target) => breakCable(stage, target, 'freeze'),
  stall: (stage, target) => breakCable(stage, target, 'stall'),
  reset: (stage, target) => breakCable(stage, target, 'reset'),
  slow: slowDown,
  'broker restarts with its store': (stage) => restartBroker(stage, 'kept'),
  'broker restarts without its store': loseStore,
  'service restarts within a second': restartService,
  'service restarts unheard': restartUnheard,
};

async function breakCable(stage: SoakStage, target: SoakService, mode: CableMode): Promise<boolean> {
  const before = stage.breaks(target);
  await target.cable.set(mode);
  stage.relay.create(stage.random(8));
  await stage.until(`${target.name} to notice: ${mode}`, () => stage.breaks(target) > before);
  await stage.pause(300);
  await target.cable.set('mended');
  return true;
}

async function slowDown(stage: SoakStage, target: SoakService): Promise<boolean> {
  await target.cable.set('slow');
  stage.relay.create(stage.random(8));
  const roundTripMs = await target.provider?.connection.roundTripMs(SLOW_MS * 10);
  await target.cable.set('mended');
  return (roundTripMs ?? 0) > SLOW_MS / 2;
}

async function restartBroker(stage: SoakStage, store: 'kept' | 'lost'): Promise<boolean> {
  await stage.broker.stop();
  // From now on no acknowledgement and no delivery can come.
  await stage.until('both to notice', () => !stage.services.some(({ isConnected }) => isConnected));
  if (store === 'lost') stage.writeOff();
  stage.relay.create(stage.random(8));
  await stage.pause(200);
  await stage.broker.startAgain(store);
  return true;
}

/** Half of the times the consumer is away before, so that there is something to lose. */
async function loseStore(stage: SoakStage): Promise<boolean> {
  const { consumer } = stage;
  if (stage.random(2) === 0) {
    await consumer.cable.set('refuse');
    await stage.until('the consumer to be away', () => !consumer.isConnected);
    stage.relay.create(1 + stage.random(8));
    await stage.until('the relay to be done', () => stage.relay.isEmpty);
  }
  const restarted = await restartBroker(stage, 'lost');
  await consumer.cable.set('mended');
  return restarted;
}

async function restartService(stage: SoakStage, target: SoakService): Promise<boolean> {
  await target.stop();
  const startedAt = performance.now();
  stage.relay.create(stage.random(8));
  await target.open();
  return performance.now() - startedAt < RESTART_MS_MAX;
}

/** It cannot tell the broker that it goes, and comes back under its id while the broker still knows the old one. */
async function restartUnheard(stage: SoakStage, target: SoakService): Promise<boolean> {
  await target.cable.set('freeze');
  await target.stop();
  stage.relay.create(stage.random(8));
  await target.cable.set('mended');
  await target.open();
  return true;
}
