/** Plays scenarios in a process of its own, which loads the services once, with or without their safeguards. */
import { Logger } from '@nestjs/common';
import { messageOf } from '../../lab.errors.js';
import { reportOf } from '../../matrix/matrix-report.js';
import type { Played } from '../../matrix/matrix.js';
import type { Strategy } from '../../matrix/strategies.js';
import { loadAccounts } from '../bank/accounts.js';
import type { LoadedBank } from '../bank/bank.js';
import { loadTransactions } from '../bank/transactions.js';
import { plantInBank } from '../workers/plant-in-bank.js';
import { SCENARIOS, type Scenario } from './scenarios.js';
import type { ScenarioReport, ScenarioTask } from './scenario-protocol.js';
import { simulateScenario } from './simulate-scenario.js';

const { strategies, seeds } = JSON.parse(process.argv[2] ?? '') as ScenarioTask;
Logger.overrideLogger(false);
const scenarios = SCENARIOS.filter(({ strategy }) => strategies.includes(strategy.name));
plantInBank(mutantsOf(scenarios.map(({ strategy }) => strategy)));
const loaded = { transactions: await loadTransactions(), accounts: await loadAccounts() };
for (const scenario of scenarios)
  for (const seed of seeds) process.send?.(await play(loaded, scenario, seed));
process.disconnect();

/** Which service is without which safeguard follows from the file that it stands in. */
function mutantsOf(planned: readonly Strategy[]): string[] {
  return [...new Set(planned.flatMap((strategy) => Object.values(strategy.mutants ?? {}).flat()))];
}

async function play(bank: LoadedBank, scenario: Scenario, seed: number): Promise<ScenarioReport> {
  const played: Played = await simulateScenario(bank, scenario, { seed }).then(
    (result) => ({ ...scenario, result }),
    (error: unknown) => ({ ...scenario, failure: messageOf(error) }),
  );
  const { verdict, findings } = reportOf(played);
  return { point: scenario.point.name, strategy: scenario.strategy.name, seed, verdict, findings };
}
