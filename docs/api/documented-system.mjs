/** What the generated documents are told besides the code: for the command that writes them and the test that compares. */

/** The system's names. */
export const SYSTEM = { name: 'bank', title: 'The bank: events', namespace: 'urn:bank:event' };

/** Valid, and nothing of it is used: no connection is opened. */
export const ANY_ENVIRONMENT = {
  DATABASE_URL: 'postgres://127.0.0.1/any',
  NATS_URL: 'nats://127.0.0.1:4222',
  NATS_CLUSTER_ID: 'bank',
};
