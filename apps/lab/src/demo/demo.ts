import { writeFile } from 'node:fs/promises';
import type { DeliveryStrategy } from '../parts/bank.js';
import type { Closers } from '../parts/closers.js';
import { Parts } from '../parts/parts.js';
import { DEMO_HELP, parseDemoOptions, type DemoOptions } from './demo-options.js';
import type { Findings } from './findings.js';
import { Narrator } from './narrator.js';
import { reportOf, type Report } from './report.js';
import { runStrategy } from './run-strategy.js';
import { writeScript, type Script } from './script.js';
import { openStage, type Stage } from './stage.js';
import { renderTable } from './table.js';
import { tellFindings } from './tell-findings.js';

const SUBTITLES: Readonly<Record<DeliveryStrategy, string>> = {
  direct: 'the naive way: save, then publish',
  outbox: 'the event is saved with the transfer; a relay publishes it',
};

/**
 * `npm run demo`: plays the same script with each strategy and compares.
 * @param open takes what must be closed when the user breaks it off
 * @returns the exit code: 0 only if everything came out as predicted
 * @throws LabError
 */
export async function demo(commandLine: readonly string[], open: Closers): Promise<number> {
  const options = parseDemoOptions(commandLine);
  if (options.help) {
    console.log(DEMO_HELP);
    return 0;
  }
  const narrator = new Narrator(options.json === 'stdout' ? process.stderr : process.stdout);
  const report = reportOf(await runAll(options, narrator, open));
  narrator.write(`\n${renderTable(report.strategies)}\n`);
  for (const line of report.notAsPredicted) narrator.write(line);
  narrator.write(
    report.asPredicted ? 'Everything came out as predicted.' : 'Not everything came out as predicted.',
  );
  await hand(report, options.json);
  return report.asPredicted ? 0 : 1;
}

async function runAll(options: DemoOptions, narrator: Narrator, open: Closers): Promise<Findings[]> {
  narrator.write(
    'A bank of two services: transactions records transfers, accounts moves the money, NATS is between them.',
  );
  const parts = await Parts.start(process.env, (line) => narrator.say(line));
  open.add(() => parts.stop());
  narrator.say(`the lab runs on ${parts.description}`);
  const script = writeScript(options.transfers, options.seed);
  return runEach(options.strategies, { script, parts, narrator, open });
}

interface Shared {
  readonly script: Script;
  readonly parts: Parts;
  readonly narrator: Narrator;
  readonly open: Closers;
}

/** One strategy after the other. The next one's stage is opened while the cable of the present one is cut. */
async function runEach(strategies: readonly DeliveryStrategy[], shared: Shared): Promise<Findings[]> {
  const { script, parts, narrator, open } = shared;
  const opened = new Map<DeliveryStrategy, Promise<Stage>>();
  const stageOf = (strategy: DeliveryStrategy): Promise<Stage> => {
    const opening = opened.get(strategy) ?? openStage(strategy, parts, open);
    opened.set(strategy, opening);
    return opening;
  };
  try {
    const runs: Findings[] = [];
    for (const [index, strategy] of strategies.entries()) {
      narrator.chapter(strategy, SUBTITLES[strategy]);
      const next = strategies[index + 1];
      const onCut = () => {
        if (next !== undefined) stageOf(next).catch(() => undefined); // awaited when its turn comes
      };
      const stage = await stageOf(strategy);
      const findings = await runStrategy({ strategy, script, narrator, onCut }, stage);
      await stage.close();
      tellFindings(findings, narrator);
      runs.push(findings);
    }
    return runs;
  } finally {
    await Promise.allSettled(opened.values()); // what is still being opened can be closed only afterwards
  }
}

async function hand(report: Report, target: DemoOptions['json']): Promise<void> {
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (target === 'stdout') process.stdout.write(text);
  else if (target !== undefined) await writeFile(target.file, text);
}
