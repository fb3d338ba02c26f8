import { bankEvents, type BankEvents } from '@app/contracts';
import type { EventOf } from '@app/nats';
import { Inbox } from '@app/outbox';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { decideTransfer, type RequestedTransfer } from './decide-transfer.js';
import { LedgerStore } from './ledger.store.js';

/** Hears of transfers, decides on them, and says how: the posting and its event are one transaction. */
@Controller()
export class TransferRequestsController {
  constructor(
    private readonly inbox: Inbox<BankEvents>,
    private readonly ledger: LedgerStore,
  ) {}

  @EventPattern<string>('transfer.requested')
  async requested(@Payload() event: EventOf<BankEvents, 'transfer.requested'>): Promise<void> {
    const transfer = { ...event.data, amountMinor: BigInt(event.data.amountMinor) };
    await this.inbox.process(event, async ({ manager, emit }) => {
      emit(await this.settle(manager, transfer));
    });
  }

  private async settle(
    manager: EntityManager,
    transfer: RequestedTransfer,
  ): Promise<EventOf<BankEvents, 'transfer.posted' | 'transfer.rejected'>> {
    const { transferId, debitAccountId, creditAccountId } = transfer;
    const accounts = await this.ledger.lockAccounts(manager, [debitAccountId, creditAccountId]);
    const decision = decideTransfer(transfer, accounts.get(debitAccountId), accounts.get(creditAccountId));
    if (decision.outcome === 'reject') {
      const { reason } = decision;
      const time = await this.ledger.reject(manager, transferId, reason);
      const data = { transferId, debitAccountId, reason, rejectedAt: time.toISOString() };
      return bankEvents.create('transfer.rejected', data, { subject: transferId, time });
    }
    const time = await this.ledger.post(manager, { ...transfer, kind: 'transfer' });
    const data = { transferId, debitAccountId, postedAt: time.toISOString() };
    return bankEvents.create('transfer.posted', data, { subject: transferId, time });
  }
}
