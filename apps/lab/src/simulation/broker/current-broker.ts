import type { Broker } from './broker.js';

let brokerOfNow: Broker | undefined;

/** The broker at every address. */
export function currentBroker(): Broker {
  if (!brokerOfNow) throw new Error('nothing is being simulated: no broker is installed');
  return brokerOfNow;
}

/** From here on, or until the next one. */
export function installBroker(broker: Broker): void {
  brokerOfNow = broker;
}
