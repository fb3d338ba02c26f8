import type { NatsMessage, Pattern, PostgresMessage } from './message.js';

/** A publish of the channel leaves. A channel may be named with the prefix that it has here, or without. */
export const publishOf = (channel: string) => natsPattern('publish', 'the publish', channel);

/** The broker's acknowledgement of a publish comes back; a refusal is none. */
export const publishAckOf = (channel: string) =>
  natsPattern('publish-ack', 'the acknowledgement of a publish', channel);

/** A message of the channel is delivered. */
export const deliveryOf = (channel: string) => natsPattern('delivery', 'the delivery', channel);

/** The consumer's acknowledgement of a delivery leaves. */
export const deliveryAckOf = (channel: string) =>
  natsPattern('delivery-ack', 'the acknowledgement of a delivery', channel);

/** The broker confirms that acknowledgement (JetStream alone does). */
export const deliveryAckConfirmationOf = (channel: string) =>
  natsPattern('delivery-ack-confirmed', 'the confirmed acknowledgement of a delivery', channel);

/** A statement whose text fits leaves, also one that is prepared and runs by its name. */
export const statementLike = (text: RegExp) =>
  postgresPattern(
    `the statement ${text}`,
    ({ kind, statements }) => kind === 'request' && fits(statements, text),
  );

/** The answer to such a statement comes back, success or not. */
export const answerToStatementLike = (text: RegExp) =>
  postgresPattern(
    `the answer to the statement ${text}`,
    ({ kind, statements }) => kind === 'answer' && fits(statements, text),
  );

/** The commit leaves of a transaction that has carried a statement whose text fits. */
export const commitOf = (text: RegExp) =>
  postgresPattern(
    `the commit of the transaction with ${text}`,
    ({ kind, commits, transaction }) => kind === 'request' && commits && fits(transaction, text),
  );

/** The answer to such a commit comes back, success or not. */
export const answerToCommitOf = (text: RegExp) =>
  postgresPattern(
    `the answer to the commit of the transaction with ${text}`,
    ({ kind, commits, transaction }) => kind === 'answer' && commits && fits(transaction, text),
  );

function natsPattern(kind: NatsMessage['kind'], what: string, channel: string): Pattern {
  return {
    protocol: 'nats',
    name: `${what} of ${channel}`,
    matches: (message) =>
      message.protocol === 'nats' &&
      message.kind === kind &&
      message.refusal === undefined &&
      (message.channel === channel || message.channel.endsWith(`.${channel}`)),
  };
}

function postgresPattern(name: string, matches: (message: PostgresMessage) => boolean): Pattern {
  return {
    protocol: 'postgres',
    name,
    matches: (message) => message.protocol === 'postgres' && matches(message),
  };
}

/** `search` and not `test`, which begins where the last match of a global expression ended. */
function fits(statements: readonly string[], text: RegExp): boolean {
  return statements.some((statement) => statement.search(text) >= 0);
}
