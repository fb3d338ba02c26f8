import { isConsistent } from '../audit/audit.js';
import type { Findings } from './findings.js';
import type { Narrator } from './narrator.js';
import { formatMoney } from './money.js';
import { CURRENCY } from './script.js';

/** As many as are easily read; the others are in the data (`--json`). */
const LOST_SHOWN_MAX = 8;

/** Tells what the auditor found after a run. */
export function tellFindings({ strategy, audit, traffic, witnessed }: Findings, narrator: Narrator): void {
  if (strategy === 'outbox') {
    narrator.say(
      `the outbox: ${traffic.sent} events are sent (sent: yes), ${traffic.waiting} wait (sent: no); ` +
        `the inboxes swallowed ${traffic.repeats} repeat(s)`,
    );
  }
  if (isConsistent(audit)) {
    narrator.good(`the auditor: ${audit.recorded} transfers recorded, none lost, none posted twice`);
    return;
  }
  narrator.bad(
    `the auditor: ${audit.recorded} transfers recorded, ${audit.lost.length} of them lost: never posted, never ` +
      `rejected, and not among the ${witnessed.size} that the broker holds`,
  );
  const shown = audit.lost.slice(0, LOST_SHOWN_MAX);
  for (const { id, amountMinor, currency } of shown)
    narrator.bad(`  lost ${id}  ${formatMoney(amountMinor, currency)}`);
  const more = audit.lost.length - shown.length;
  const missing = formatMoney(BigInt(audit.moneyMissingMinor[CURRENCY] ?? '0'), CURRENCY);
  narrator.bad(`  ${more > 0 ? `and ${more} more; ` : ''}money missing: ${missing}`);
}
