import { CALM, type Plan } from '../schedule/plan.js';
import type { Report } from '../workers/worker-protocol.js';

/** A plan, and what it came to. */
export interface Played {
  readonly plan: Plan;
  readonly report: Pick<Report, 'findings' | 'choices' | 'struck'>;
}

/** How plans are made smaller. */
export interface ShrinkOptions<Result extends Played['report']> {
  readonly run: (plan: Plan) => Promise<Result>;
  /** How many plans are tried at most. */
  readonly triesMax: number;
}

/** The smallest plan that was found. */
export interface Shrunk<Result> {
  readonly plan: Plan;
  readonly report: Result;
  readonly tries: number;
}

/**
 * Takes away from a failing plan what it fails without, as long as its first finding, or another one of that kind,
 * remains: faults, orders, instances, bad weather, chance. The smallest of all is not always found.
 */
export async function shrink<Result extends Played['report']>(
  failing: { readonly plan: Plan; readonly report: Result },
  options: ShrinkOptions<Result>,
): Promise<Shrunk<Result>> {
  const shrinking = new Shrinking(failing, options);
  await shrinking.toTheEnd();
  const { plan, report, tries } = shrinking;
  return { plan, report, tries };
}

/** How often a plan that has become smaller is tried with other ways: without an order all are others anyway. */
const OTHER_WAYS = 4;

class Shrinking<Result extends Played['report']> {
  plan: Plan;
  report: Result;
  tries = 0;
  private readonly kind: string | undefined;
  /** What was tried: the same plan comes to the same, and each round asks for much of what the last one did. */
  private readonly tried = new Set<string>();

  constructor(
    { plan, report }: { readonly plan: Plan; readonly report: Result },
    private readonly options: ShrinkOptions<Result>,
  ) {
    this.plan = plan;
    this.report = report;
    this.kind = report.findings[0]?.kind;
  }

  /**
   * What is given up late may have been in the way of what was tried early: again, until a round changes nothing; then
   * with other ways, too.
   */
  async toTheEnd(): Promise<void> {
    for (const otherWays of [0, OTHER_WAYS]) {
      let before: Plan | undefined;
      while (before !== this.plan && this.tries < this.options.triesMax) {
        before = this.plan;
        await this.round(otherWays);
      }
    }
  }

  private async round(otherWays: number): Promise<void> {
    await this.withoutIdleFaults();
    await this.fewer('faults', otherWays);
    await this.sooner();
    await this.fewer('orders', otherWays);
    await this.fewerInstances('transactions');
    await this.fewerInstances('accounts');
    if (this.plan.weather !== CALM) await this.fails({ ...this.plan, weather: CALM });
    await this.lessChance();
  }

  /** Tries a plan, also with the ways of so many other seeds; the first that fails takes the place of the last one. */
  private async fails(plan: Plan, otherWays = 0): Promise<boolean> {
    for (let seed = plan.seed; seed <= plan.seed + otherWays; seed++) {
      if (await this.failsLike({ ...plan, seed })) return true;
    }
    return false;
  }

  private async failsLike(plan: Plan): Promise<boolean> {
    const text = JSON.stringify(plan);
    if (this.tries >= this.options.triesMax || this.tried.has(text)) return false;
    this.tried.add(text);
    this.tries++;
    const report = await this.options.run(plan);
    if (!report.findings.some(({ kind }) => kind === this.kind)) return false;
    this.plan = plan;
    this.report = report;
    return true;
  }

  private async withoutIdleFaults(): Promise<void> {
    const { plan, report } = this;
    const faults = plan.faults.filter((_, index) => report.struck.includes(index));
    if (faults.length < plan.faults.length) await this.fails({ ...plan, faults });
  }

  /** Half of them, then a half of those, at last one by one; from the end, which the others depend on least. */
  private async fewer(part: 'faults' | 'orders', otherWays: number): Promise<void> {
    for (let size = Math.ceil(this.plan[part].length / 2); size > 0; size = Math.floor(size / 2)) {
      for (let from = this.plan[part].length - size; from >= 0; from -= size) {
        const items = this.plan[part].filter((_, index) => index < from || index >= from + size);
        await this.fails({ ...this.plan, [part]: items }, otherWays);
      }
    }
  }

  /** What strikes at the first time needs no orders for the times before. */
  private async sooner(): Promise<void> {
    for (const [index, { when }] of this.plan.faults.entries()) {
      if (!('occurrence' in when)) continue;
      for (let occurrence = 1; occurrence < when.occurrence; occurrence++) {
        const faults = this.plan.faults.map((fault, at) =>
          at === index ? { ...fault, when: { ...when, occurrence } } : fault,
        );
        if (await this.fails({ ...this.plan, faults })) break;
      }
    }
  }

  private async fewerInstances(service: 'transactions' | 'accounts'): Promise<void> {
    const { plan } = this;
    if (plan.instances[service] === 1) return;
    const gone = `${service}-2`;
    await this.fails({
      ...plan,
      instances: { ...plan.instances, [service]: 1 },
      faults: plan.faults.filter(({ upon, when }) => upon !== gone && !('by' in when && when.by === gone)),
    });
  }

  /** By halves: from how many choices on may every way take the same time? */
  private async lessChance(): Promise<void> {
    let least = 0;
    let most = this.report.choices;
    while (least < most) {
      const middle = Math.floor((least + most) / 2);
      if (await this.fails({ ...this.plan, choicesMax: middle })) most = middle;
      else least = middle + 1;
    }
  }
}

/** What was taken away, in words. */
export function describeShrinking(whole: Played, { plan, report, tries }: Shrunk<Played['report']>): string {
  const { faults, orders, instances, weather } = whole.plan;
  const processes = (of: Plan['instances']) => of.transactions + of.accounts;
  const sizes = [
    ['orders', orders.length, plan.orders.length],
    ['faults', faults.length, plan.faults.length],
    ['processes', processes(instances), processes(plan.instances)],
    ['choices', whole.report.choices, report.choices],
  ] as const;
  const changes = sizes.flatMap(([what, before, after]) =>
    before === after ? [] : [`${what} ${before} → ${after}`],
  );
  if (weather !== plan.weather) changes.push('rough weather → calm');
  if (whole.plan.seed !== plan.seed) changes.push(`ways of seed ${whole.plan.seed} → ${plan.seed}`);
  return `made smaller in ${tries} tries: ${changes.length === 0 ? 'nothing can go' : changes.join(', ')}`;
}
