import type { Fate, Point } from '../world/strikes.js';

/** When a fault strikes: at a point that a program reaches for the so-manieth time (from 1), or at a time. */
export type When =
  { readonly point: Point; readonly by: string; readonly occurrence: number } | { readonly atMs: number };

/** What strikes. */
export type Blow =
  /** SIGKILL, and a new instance after a time. */
  | { readonly kind: 'kill'; readonly restartMs: number }
  /** SIGSTOP for a time. */
  | { readonly kind: 'freeze'; readonly forMs: number }
  /** SIGTERM, and a new instance after it has ended. */
  | { readonly kind: 'stop'; readonly restartMs: number }
  /** Something becomes of the message that is at the point. */
  | { readonly kind: 'message'; readonly fate: Fate }
  /** The way of the program to the broker. */
  | { readonly kind: 'cable'; readonly mode: 'cut' | 'frozen'; readonly forMs: number }
  | { readonly kind: 'broker'; readonly keepsStore: boolean; readonly downMs: number }
  | { readonly kind: 'database'; readonly of: 'transactions' | 'accounts'; readonly downMs: number };

/** One fault of a plan. */
export interface Fault {
  readonly when: When;
  readonly blow: Blow;
  /** Upon which program; for the broker and the databases it does not matter. */
  readonly upon: string;
}

/** In words, for people. */
export function describeFault({ when, blow, upon }: Fault): string {
  const at =
    'atMs' in when
      ? `after ${when.atMs} ms`
      : `at ${when.point} of ${when.by}, the ${ordinal(when.occurrence)} time`;
  return `${describeBlow(blow, upon)} ${at}`;
}

function describeBlow(blow: Blow, upon: string): string {
  switch (blow.kind) {
    case 'kill':
      return `${upon} is killed, back after ${blow.restartMs} ms,`;
    case 'freeze':
      return `${upon} is frozen for ${blow.forMs} ms`;
    case 'stop':
      return `${upon} is stopped, back after ${blow.restartMs} ms,`;
    case 'message':
      return `the message is ${blow.fate}`;
    case 'cable':
      return `the cable of ${upon} is ${blow.mode} for ${blow.forMs} ms`;
    case 'broker':
      return `the broker crashes ${blow.keepsStore ? 'with' : 'without'} its store, back after ${blow.downMs} ms,`;
    case 'database':
      return `the database of ${blow.of} crashes, back after ${blow.downMs} ms,`;
  }
}

function ordinal(number: number): string {
  return `${number}${['th', 'st', 'nd', 'rd'][number] ?? 'th'}`;
}
