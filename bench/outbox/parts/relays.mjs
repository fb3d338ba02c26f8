/** Whether more relays are no slower than one, and keep the order. */
import { median } from '../numbers.mjs';
import { drain, wrong } from './drain.mjs';

const MANY = 4;

export const title = `${MANY} relays, each a process, against one`;

export async function run({ postgres, report, settings }) {
  const { relaysBacklog: backlog, keys, rounds } = settings;
  const ones = [];
  const many = [];
  for (let round = 0; round < rounds; round++) {
    ones.push(await drain(postgres, { backlog, keys }));
    many.push(await drain(postgres, { backlog, keys, relays: MANY }));
  }
  const rateOf = (drained) => median(drained.map(({ perSecond }) => perSecond));
  report.row('one relay', { 'messages/s': rateOf(ones) });
  report.row(`${MANY} relays`, {
    'messages/s': rateOf(many),
    'shares of the last round': many
      .at(-1)
      .shares.map((share) => `${Math.round(share * 100)} %`)
      .join(' '),
  });
  const ratios = many.map(({ perSecond }, round) => perSecond / ones[round].perSecond);
  report.target("of one relay's rate", { least: 1 }, median(ratios));
  report.target('out of order, or missing', { most: 0 }, Math.max(...many.map(wrong)));
  report.target('published twice', { most: 0 }, Math.max(...many.map(({ repeats }) => repeats)));
}
