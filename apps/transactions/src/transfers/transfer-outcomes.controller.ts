import type { BankEvents } from '@app/contracts';
import type { EventOf } from '@app/nats';
import { Inbox } from '@app/outbox';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { SettlementHints } from './settlement-hints.js';
import { TransferOutcomeStore, type TransferOutcome } from './transfer-outcome.store.js';

/** Hears how accounts decided, settles the transfer, and tells whoever waits for it. */
@Controller()
export class TransferOutcomesController {
  constructor(
    private readonly inbox: Inbox<BankEvents>,
    private readonly outcomes: TransferOutcomeStore,
    private readonly hints: SettlementHints,
  ) {}

  @EventPattern<string>('transfer.posted')
  async posted(@Payload() event: EventOf<BankEvents, 'transfer.posted'>): Promise<void> {
    await this.settle(event, { status: 'posted', settledAt: event.data.postedAt });
  }

  @EventPattern<string>('transfer.rejected')
  async rejected(@Payload() event: EventOf<BankEvents, 'transfer.rejected'>): Promise<void> {
    const { reason, rejectedAt } = event.data;
    await this.settle(event, { status: 'rejected', reason, settledAt: rejectedAt });
  }

  private async settle(
    event: EventOf<BankEvents, 'transfer.posted' | 'transfer.rejected'>,
    outcome: TransferOutcome,
  ): Promise<void> {
    const { transferId } = event.data;
    await this.inbox.process(event, ({ manager }) => this.outcomes.settle(manager, transferId, outcome));
    this.hints.settled(transferId);
  }
}
