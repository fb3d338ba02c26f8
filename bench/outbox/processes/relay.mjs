/** The library's relay, in a process of its own. */
import { Logger } from '@nestjs/common';
import { config, serve } from '../children.mjs';
import { createRelay, openBus, openDataSource } from '../library.mjs';
import { EXPLAIN_EVERY_STATEMENT, Statements } from '../statements.mjs';
import { WatchedBus } from '../watched-bus.mjs';

const POOL = 'relay';

Logger.overrideLogger(['error', 'warn']);
const { url, broker, options, explain } = config();
const statements = new Statements();
const dataSource = await openDataSource(url, {
  name: POOL,
  ...(explain ? { sessionOptions: EXPLAIN_EVERY_STATEMENT } : {}),
});
const bus = await openBus(broker);
const watched = new WatchedBus(bus);
const relay = createRelay({ dataSource, bus, options });
statements.take(POOL);

serve(
  {
    start: () => relay.start(),
    stop: () => relay.stop(),
    wake: () => relay.wake(),
    take,
    /** Runs until so many are acknowledged, and what it has begun with them; returns what that took. */
    deliver: async ({ messages }) => {
      const until = watched.acknowledged + messages;
      await new Promise((resolve) => {
        watched.onAcknowledged = () => watched.acknowledged >= until && resolve();
        relay.start();
      });
      watched.onAcknowledged = () => undefined;
      await relay.stop();
      return take();
    },
  },
  () => relay.stop(),
);

let acknowledgedBefore = 0;

/** What was done since the last time. */
function take() {
  const acknowledged = watched.acknowledged - acknowledgedBefore;
  acknowledgedBefore = watched.acknowledged;
  return { acknowledged, inFlightPeak: watched.inFlightPeak, statements: statements.take(POOL) };
}
