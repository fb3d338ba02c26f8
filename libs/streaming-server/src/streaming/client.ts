import type { ClientRecord } from '../store/state-journal.js';
import type { WheelEntry } from './timer-wheel.js';

/** A registered client. It stays registered when its connection is gone, until its heartbeats have failed. */
export class Client implements WheelEntry {
  dueTick: number | undefined;
  failedHeartbeats = 0;

  constructor(
    readonly record: ClientRecord,
    private readonly onHeartbeatDue: (client: Client) => void,
  ) {}

  get id(): string {
    return this.record.clientId;
  }

  fire(): void {
    this.onHeartbeatDue(this);
  }
}
