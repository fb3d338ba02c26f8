import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { OUTBOX_STEPS } from '../src/diagnostics.js';

/** The steps that announce themselves while the callback runs, in their order. */
export async function announcedSteps(work: () => Promise<unknown>): Promise<string[]> {
  const announced: string[] = [];
  const listener = (_: unknown, step: string | symbol) => void announced.push(String(step));
  for (const step of OUTBOX_STEPS) subscribe(step, listener);
  try {
    await work();
  } finally {
    for (const step of OUTBOX_STEPS) unsubscribe(step, listener);
  }
  return announced;
}
