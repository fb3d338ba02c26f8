/** What a connection announces. */
export interface NatsConnectionEvents<Session = unknown> {
  /** A session, the first one or its replacement, is ready: subscribe on it. */
  connected: [session: Session];
  /** TCP came back in time: the same session goes on, its subscriptions with it. */
  resumed: [];
  /**
   * The session is dead for good, or none can be had. Whoever listens decides nothing: `onConnectionLost` did.
   */
  lost: [reason: string];
  closed: [];
}
