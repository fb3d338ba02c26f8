import type { ChaosRun } from '../run-chaos.js';

/** What a report is about. */
export interface ReportContent {
  readonly seed: number;
  readonly runs: readonly ChaosRun[];
  readonly findings: readonly string[];
}

export function renderReport({ seed }: ReportContent): string {
  return `<!doctype html><title>${seed}</title>`;
}
