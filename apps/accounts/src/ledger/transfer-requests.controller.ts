import { bankEvents, type BankEvents } from '@app/contracts';
import type { EventOf } from '@app/nats';
import { Inbox } from '@app/outbox';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Ledger } from './ledger.js';
import type { Settlement } from './sql/read-settlement.js';

type Requested = EventOf<BankEvents, 'transfer.requested'>;
type Outcome = EventOf<BankEvents, 'transfer.posted' | 'transfer.rejected'>;

/** Hears of transfers, decides on them, and says how: the posting and its event are one transaction. */
@Controller()
export class TransferRequestsController {
  constructor(
    private readonly inbox: Inbox<BankEvents>,
    private readonly ledger: Ledger,
  ) {}

  @EventPattern<string>('transfer.requested')
  async requested(@Payload() event: Requested): Promise<void> {
    const transfer = { ...event.data, amountMinor: BigInt(event.data.amountMinor) };
    await this.inbox.process(event, async ({ manager, emit }) => {
      emit(outcomeOf(event, await this.ledger.settle(manager, transfer)));
    });
  }
}

/** A transfer that ended before is answered with the accounts that it was about then. */
function outcomeOf({ data: asked }: Requested, settlement: Settlement): Outcome {
  const { transferId } = asked;
  const { debitAccountId = asked.debitAccountId, creditAccountId = asked.creditAccountId, time } = settlement;
  const attributes = { subject: transferId, time };
  const accounts = { transferId, debitAccountId, creditAccountId };
  if (settlement.outcome === 'posted') {
    const data = { ...accounts, postedAt: time.toISOString() };
    return bankEvents.create('transfer.posted', data, attributes);
  }
  const data = { ...accounts, reason: settlement.reason, rejectedAt: time.toISOString() };
  return bankEvents.create('transfer.rejected', data, attributes);
}
