/** Counts a bus's publishes, and tells of each acknowledgement. */
export class WatchedBus {
  acknowledged = 0;
  inFlightPeak = 0;
  #inFlight = 0;
  #waiting = new Map();

  constructor(bus) {
    const publish = bus.publish.bind(bus);
    bus.publish = async (channel, payload, options) => {
      this.inFlightPeak = Math.max(this.inFlightPeak, ++this.#inFlight);
      try {
        const ack = await publish(channel, payload, options);
        this.acknowledged++;
        this.#tell(options?.messageId);
        return ack;
      } finally {
        this.#inFlight--;
      }
    };
  }

  /** When this message is acknowledged, by `performance.now()`. */
  acknowledgementOf(id) {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** Called at each acknowledgement. */
  onAcknowledged = () => undefined;

  #tell(id) {
    this.onAcknowledged();
    this.#waiting.get(id)?.(performance.now());
    this.#waiting.delete(id);
  }
}
