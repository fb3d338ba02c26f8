import { writeFile } from 'node:fs/promises';
import type { Closers } from '../parts/closers.js';
import { settleDocument, type GeneratedDocument } from '../parts/generated-document.js';
import { natsServerBinary } from '../parts/nats-server.part.js';
import { MATRIX_HELP, parseMatrixOptions, type MatrixOptions } from './matrix-options.js';
import { deviationOf, reportOf } from './matrix-report.js';
import { playMatrix, type Played } from './matrix.js';
import { POINTS } from './points/points.js';
import { Progress } from './progress.js';
import { renderDocument, renderText, signOf, type Table } from './render.js';
import { STRATEGIES } from './strategies.js';
import { tellStory } from './tell-story.js';

/**
 * `npm run matrix`: plays every cell and compares what came of it with what was predicted.
 * @param open takes what must be closed when the user breaks it off
 * @returns the exit code: 0 only if every cell came out as predicted
 * @throws LabError
 */
export async function matrix(commandLine: readonly string[], open: Closers): Promise<number> {
  const options = parseMatrixOptions(commandLine);
  if (options.help) {
    console.log(MATRIX_HELP);
    return 0;
  }
  if (options.replay) return tellStory(options, open);
  const startedAt = performance.now();
  const played = await playAll(options, open);
  console.log(`\n${renderText(tableOf(options, played))}\n`);
  const deviations = played.flatMap((cell) => deviationOf(cell) ?? []);
  if (options.jsonFile !== undefined) {
    await writeFile(options.jsonFile, `${JSON.stringify(played.map(reportOf), null, 2)}\n`);
  }
  if (isWhole(options, played))
    deviations.push(...(await settleDocument(documentOf(options, played), options.write)));
  for (const deviation of deviations) console.error(deviation);
  const applicable = played.filter(({ result }) => result?.verdict !== 'n/a').length;
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  console.log(
    `${applicable} cells and ${played.length - applicable} that cannot be, in ${minutes} min: ` +
      (deviations.length === 0 ? 'all as predicted' : `${deviations.length} not as predicted`),
  );
  return deviations.length === 0 ? 0 : 1;
}

async function playAll(options: MatrixOptions, open: Closers): Promise<Played[]> {
  const { points, stages } = options;
  const strategies = options.strategies.filter(canRun);
  const progress = new Progress(points.length * strategies.length, process.stdout);
  return playMatrix(
    {
      points,
      strategies,
      stages,
      onPlayed: (cell) => {
        const sign = signOf(cell.result?.verdict ?? 'failed');
        const name = `${cell.point.name} × ${cell.strategy.name}`;
        progress.tell(name, deviationOf(cell) === undefined ? sign : `${sign} NOT AS PREDICTED`);
      },
    },
    open,
  );
}

/** JetStream needs a server of its own, which not every machine has. In CI every machine has it. */
function canRun({ broker }: { readonly broker: string }): boolean {
  return broker === 'streaming' || process.env['CI'] !== undefined || natsServerBinary() !== undefined;
}

function tableOf({ points, strategies }: MatrixOptions, played: readonly Played[]): Table {
  const verdicts = new Map(
    played.map(({ point, strategy, result }) => [
      `${point.name} ${strategy.name}`,
      result?.verdict ?? 'failed',
    ]),
  );
  return {
    points,
    strategies,
    cellOf: (point, strategy) => verdicts.get(`${point.name} ${strategy.name}`) ?? 'not run',
  };
}

/** Whether there is a result for every cell, so that the document can be held against them. */
function isWhole({ points, strategies }: MatrixOptions, played: readonly Played[]): boolean {
  const all = points.length === POINTS.length && strategies.length === STRATEGIES.length;
  return all && played.length === POINTS.length * STRATEGIES.length;
}

function documentOf(options: MatrixOptions, played: readonly Played[]): GeneratedDocument {
  const text = renderDocument(tableOf(options, played));
  return { path: 'docs/crash-matrix.md', text, command: 'npm run matrix -- --write' };
}
