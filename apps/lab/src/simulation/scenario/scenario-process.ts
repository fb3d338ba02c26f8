/** Plays scenarios in a process of its own: it loads the services once, with or without their safeguards. */
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { predictionOf } from '../../matrix/predictions.js';
import { POINTS } from '../../matrix/points/points.js';
import { STRATEGIES, type Strategy } from '../../matrix/strategies.js';
import { replaceTexts } from '../../mutants/plant-mutants.js';
import { repositoryRoot } from '../../parts/repository.js';
import { loadAccounts } from '../bank/accounts.js';
import { loadTransactions } from '../bank/transactions.js';
import { simulateScenario } from './simulate-scenario.js';
import { deviationOf } from '../../matrix/matrix-report.js';

const [strategyNames = '', seeds = '1', points = '', telling] = process.argv.slice(2);
Logger.overrideLogger(false);
const strategies = STRATEGIES.filter(({ name }) => strategyNames.split(',').includes(name));
const mutants = [...new Set(strategies.flatMap((strategy: Strategy) => Object.values(strategy.mutants ?? {}).flat()))];
const builds = ['transactions', 'accounts'].map((service) => join(repositoryRoot, 'dist', 'apps', service));
if (mutants.length > 0) replaceTexts(mutants, builds, () => undefined);
const loaded = { transactions: await loadTransactions(), accounts: await loadAccounts() };
for (const point of POINTS) {
  if (points !== '' && !points.split(',').includes(point.name)) continue;
  for (const strategy of strategies) {
    for (const seed of seeds.split(',').map(Number)) {
      const t0 = process.cpuUsage();
      let out: string;
      try {
        const result = await simulateScenario(loaded, { point, strategy }, { seed, telling: !!telling });
        const p = predictionOf(point.name, strategy.name).verdict;
        const d = deviationOf({ point, strategy, result });
        out = d === undefined ? `ok ${p}` : `DEV ${p} got ${result.verdict} ${d}`;
        if (telling) for (const l of result.story) console.log(l.atMs.toFixed(2).padStart(10), l.from, l.from === l.to ? '' : '→ ' + l.to, ':', l.text);
      } catch (error) {
        out = `ERR ${(error as Error).stack}`;
      }
      console.log(point.name, strategy.name, seed, out, Math.round(process.cpuUsage(t0).user / 1000));
    }
  }
}
process.exit(0);
