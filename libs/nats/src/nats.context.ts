import { BaseRpcContext } from '@nestjs/microservices';
import type { BusMessage } from './message-bus.js';

/** What an `@EventPattern` handler gets as `@Ctx()`: the delivery that its event came with. */
export class NatsContext extends BaseRpcContext<[BusMessage]> {
  get message(): BusMessage {
    return this.getArgByIndex(0) as BusMessage;
  }
}
