/** The letters of the table; a cell with several kinds of damage has a letter for each. */
export const LETTERS = {
  '✓': 'consistent',
  '?': 'converged',
  L: 'lost',
  P: 'phantom',
  D: 'duplicated',
  R: 'reordered',
  S: 'stuck',
  '-': 'n/a',
} as const;
export type Letter = keyof typeof LETTERS;

interface Row {
  /** A cell for each strategy, in their order: its letters. */
  readonly cells: string;
  /** Why, for each letter in the row. */
  readonly because: Readonly<Partial<Record<Letter, string>>>;
}

const NOTHING_YET = 'nothing was written; the client asks again with its key';
const TAKEN_BACK = 'the transaction is rolled back; the client asks again with its key';
const TOLD_THE_SAME = 'the client asks again with its key, and is told of the same transfer';
const NO_RELAY = 'there is no outbox, and so no relay';
const ONLY_IN_MEMORY = 'the transfer is committed, and its event was in the memory of the process that died';
const NEVER_ARRIVED = 'the transfer is committed, its event did not arrive, and nothing remembers it';
const PUBLISHED_FIRST =
  'the message is out and the transfer is not recorded; asked again, it is recorded as another';
const NOT_TAKEN = 'the publish is not confirmed, so nothing is committed; the client asks again with its key';
const ROW_KEPT = 'the event is a row, and leaves when it can';
const SECOND_COPY = 'the message comes a second time, and nothing knows it';
const SWALLOWED = 'the message comes a second time, and the inbox swallows it';
const DELIVERED_AGAIN = 'nothing of it is committed, and the message is delivered again';
const OUTCOME_LOST =
  'the money has moved and nothing remembers its outcome; the message comes again, and the inbox swallows it';
const FALSE_SUCCESS =
  'the client’s callback of a closed connection names no error, and the row is settled for a message that never arrived';

/**
 * What is to become of every cell: the one table that every run is compared with. Columns as in {@link STRATEGIES}:
 * direct, unawaited, before commit, retried in memory | no inbox, trusting | outbox, JetStream.
 */
export const TABLE_ROWS = {
  'request-received': { cells: '? ? ? ?  ? ?  ? ?', because: { '?': NOTHING_YET } },
  'transaction-begun': { cells: '? ? ? ?  ? ?  ? ?', because: { '?': NOTHING_YET } },
  'transfer-inserted': { cells: '? ? ? ?  ? ?  ? ?', because: { '?': TAKEN_BACK } },
  'before-commit': { cells: '? ? P ?  ? ?  ? ?', because: { '?': TAKEN_BACK, P: PUBLISHED_FIRST } },
  committed: {
    cells: 'L L ? L  ? ?  ? ?',
    because: { L: ONLY_IN_MEMORY, '?': `${ROW_KEPT}; or it left before the commit` },
  },
  'publish-called': {
    cells: 'L L ? L  ? ?  ? ?',
    because: {
      L: `${ONLY_IN_MEMORY}: what a client was called with has not left`,
      '?': `${ROW_KEPT}; or nothing is committed`,
    },
  },
  'publish-sent': {
    cells: '? ? P ?  D ?  ? ?',
    because: {
      '?': `what has left arrives, once or with a repeat that is swallowed`,
      P: PUBLISHED_FIRST,
      D: SECOND_COPY,
    },
  },
  'publish-acked': {
    cells: '? ? P ?  D ?  ? ?',
    because: { '?': `it has arrived; ${TOLD_THE_SAME}`, P: PUBLISHED_FIRST, D: SECOND_COPY },
  },
  'relay-claimed': {
    cells: '- - - -  ? ?  ? ?',
    because: { '-': NO_RELAY, '?': 'the lease runs out, and the row is claimed again' },
  },
  'relay-acked': { cells: '- - - -  D ?  ? ?', because: { '-': NO_RELAY, D: SECOND_COPY, '?': SWALLOWED } },
  'relay-settling': {
    cells: '- - - -  D ?  ? ?',
    because: { '-': NO_RELAY, D: SECOND_COPY, '?': SWALLOWED },
  },
  'relay-settled': { cells: '- - - -  ? ?  ? ?', because: { '-': NO_RELAY, '?': TOLD_THE_SAME } },
  'lease-run-out': {
    cells: '- - - -  D ?  ? ?',
    because: {
      '-': NO_RELAY,
      D: SECOND_COPY,
      '?': 'it publishes when it wakes, the fence keeps it from settling, and the inbox swallows the repeat',
    },
  },
  'message-received': { cells: '✓ ✓ ✓ ✓  ✓ ✓  ✓ ✓', because: { '✓': DELIVERED_AGAIN } },
  'inbox-recorded': { cells: '✓ ✓ ✓ ✓  ✓ ✓  ✓ ✓', because: { '✓': DELIVERED_AGAIN } },
  'money-moved': { cells: '✓ ✓ ✓ ✓  ✓ ✓  ✓ ✓', because: { '✓': DELIVERED_AGAIN } },
  'consumer-before-commit': { cells: '✓ ✓ ✓ ✓  ✓ ✓  ✓ ✓', because: { '✓': DELIVERED_AGAIN } },
  'consumer-committed': {
    cells: 'S S ✓ S  D ✓  ✓ ✓',
    because: {
      S: OUTCOME_LOST,
      '✓': 'the inbox swallows the message when it comes again, and its outcome is a row, or out already',
      D: SECOND_COPY,
    },
  },
  'before-acknowledging': {
    cells: '✓ S ✓ S  D ✓  ✓ ✓',
    because: { S: OUTCOME_LOST, '✓': SWALLOWED, D: SECOND_COPY },
  },
  'ack-wait-exceeded': { cells: '✓ ✓ ✓ ✓  D ✓  ✓ ✓', because: { '✓': SWALLOWED, D: SECOND_COPY } },
  'outcome-sent': {
    cells: '✓ ✓ ✓ ✓  ✓ ✓  ✓ ✓',
    because: { '✓': 'what has left arrives; that it arrives twice changes nothing' },
  },
  'outcome-received': {
    cells: '? ? ? ?  ? ?  ? ?',
    because: { '?': `the outcome is delivered again; ${TOLD_THE_SAME}` },
  },
  'outcome-recorded': {
    cells: '? ? ? ?  ? ?  ? ?',
    because: { '?': `the outcome is delivered again, and changes nothing; ${TOLD_THE_SAME}` },
  },
  'request-cut': { cells: '? ? ? ?  ? ?  ? ?', because: { '?': NOTHING_YET } },
  'answer-lost': { cells: '? ? ? ?  ? ?  ? ?', because: { '?': TOLD_THE_SAME } },
  'insert-cut': { cells: '? ? ? ?  ? ?  ? ?', because: { '?': TAKEN_BACK } },
  'database-frozen': { cells: '✓ ✓ ✓ ✓  ✓ ✓  ✓ ✓', because: { '✓': 'it takes longer' } },
  'commit-cut': { cells: '? ? P ?  ? ?  ? ?', because: { '?': TAKEN_BACK, P: PUBLISHED_FIRST } },
  'commit-answer-lost': {
    cells: 'L L ? L  ? ?  ? ?',
    because: {
      L: 'it is committed and nobody knows, so nothing is published; asked again, the transfer is already there',
      '?': `${ROW_KEPT}, or left before; ${TOLD_THE_SAME}`,
    },
  },
  'settlement-answer-lost': {
    cells: '- - - -  ✓ ✓  ✓ ✓',
    because: {
      '-': NO_RELAY,
      '✓': 'the relay settles again, finds its lease gone, and publishes nothing twice',
    },
  },
  'broker-refused': {
    cells: 'L L ? L  ? ?  ? ?',
    because: { L: NEVER_ARRIVED, '?': `${NOT_TAKEN}; or ${ROW_KEPT}` },
  },
  'broker-half-open': {
    cells: 'L L ? ✓  ✓ L  ✓ ✓',
    because: {
      L: `${NEVER_ARRIVED}; or ${FALSE_SUCCESS}`,
      '?': NOT_TAKEN,
      '✓': `${ROW_KEPT}; or it is published from memory, where the process lives on`,
    },
  },
  'broker-flapping': {
    cells: 'L L ? ✓  ✓ L  ✓ ✓',
    because: {
      L: `${NEVER_ARRIVED}; or ${FALSE_SUCCESS}`,
      '?': NOT_TAKEN,
      '✓': `${ROW_KEPT}; or it is published from memory, where the process lives on`,
    },
  },
  'broker-slow': {
    cells: '? ✓ P ✓  D ✓  ✓ ✓',
    because: {
      '?': 'it arrives, after the client was told that this is not certain',
      P: PUBLISHED_FIRST,
      '✓': `it arrives; ${SWALLOWED}`,
      D: SECOND_COPY,
    },
  },
  'publish-cut': {
    cells: 'L L ? ✓  ✓ L  ✓ ✓',
    because: {
      L: `${NEVER_ARRIVED}; or ${FALSE_SUCCESS}`,
      '?': NOT_TAKEN,
      '✓': `${ROW_KEPT}; or it is published from memory, where the process lives on`,
    },
  },
  'publish-frozen': {
    cells: 'L L ? L  ✓ L  ✓ ✓',
    because: { L: `${NEVER_ARRIVED}; or ${FALSE_SUCCESS}`, '?': NOT_TAKEN, '✓': ROW_KEPT },
  },
  'requests-lost': {
    cells: 'L L ? L  ✓ L  ✓ ✓',
    because: { L: `${NEVER_ARRIVED}; or ${FALSE_SUCCESS}`, '?': NOT_TAKEN, '✓': ROW_KEPT },
  },
  'acknowledgement-cut': {
    cells: '? ✓ P ✓  D ✓  ✓ ✓',
    because: {
      '?': 'it has arrived, after the client was told that this is not certain',
      P: PUBLISHED_FIRST,
      '✓': SWALLOWED,
      D: SECOND_COPY,
    },
  },
  'acknowledgement-lost': {
    cells: '? ✓ P ✓  D ✓  ✓ ✓',
    because: {
      '?': 'it has arrived, after the client was told that this is not certain',
      P: PUBLISHED_FIRST,
      '✓': SWALLOWED,
      D: SECOND_COPY,
    },
  },
  'delivery-cut': { cells: '✓ ✓ ✓ ✓  ✓ ✓  ✓ ✓', because: { '✓': DELIVERED_AGAIN } },
  'delivery-twice': { cells: '✓ ✓ ✓ ✓  D ✓  ✓ ✓', because: { '✓': SWALLOWED, D: SECOND_COPY } },
  'delivery-overtaken': {
    cells: '✓ ✓ ✓ ✓  R R  R R',
    because: {
      '✓': 'both are posted; without numbers nobody can tell in which order',
      R: 'both are posted, the later one first: the order of handling is not promised',
    },
  },
  'posting-cut': { cells: '✓ ✓ ✓ ✓  ✓ ✓  ✓ ✓', because: { '✓': DELIVERED_AGAIN } },
  'posting-answer-lost': {
    cells: 'S S ✓ S  D ✓  ✓ ✓',
    because: {
      S: OUTCOME_LOST,
      '✓': 'the inbox swallows the message when it comes again, and its outcome is a row, or out already',
      D: SECOND_COPY,
    },
  },
  'delivery-acknowledgement-lost': {
    cells: '✓ ✓ ✓ ✓  D ✓  ✓ ✓',
    because: { '✓': SWALLOWED, D: SECOND_COPY },
  },
  'broker-killed-before-store': {
    cells: 'L L ? ✓  ✓ L  ✓ ✓',
    because: {
      L: `${NEVER_ARRIVED}; or ${FALSE_SUCCESS}`,
      '?': NOT_TAKEN,
      '✓': `${ROW_KEPT}; or it is published from memory, where the process lives on`,
    },
  },
  'broker-killed-after-store': {
    cells: '? ✓ P ✓  D ✓  ✓ ✓',
    because: {
      '?': 'it is stored, after the client was told that this is not certain',
      P: PUBLISHED_FIRST,
      '✓': SWALLOWED,
      D: SECOND_COPY,
    },
  },
  'broker-store-lost': {
    cells: 'L L L L  L L  L L',
    because: { L: 'what a broker has acknowledged is its own to keep: nobody else has it' },
  },
  'broker-paused': {
    cells: '? ✓ P ✓  D ✓  ✓ ✓',
    because: {
      '?': 'it arrives when the broker wakes, after the client was told that this is not certain',
      P: PUBLISHED_FIRST,
      '✓': SWALLOWED,
      D: SECOND_COPY,
    },
  },
  'postgres-killed-before-commit': {
    cells: '? ? P ?  ? ?  ? ?',
    because: { '?': TAKEN_BACK, P: PUBLISHED_FIRST },
  },
  'postgres-killed-after-commit': {
    cells: 'L L ? L  ? ?  ? ?',
    because: {
      L: 'it is committed and nobody knows, so nothing is published; asked again, the transfer is already there',
      '?': `${ROW_KEPT}, or left before; ${TOLD_THE_SAME}`,
    },
  },
  'postgres-killed-after-posting': {
    cells: 'S S ✓ S  D ✓  ✓ ✓',
    because: {
      S: OUTCOME_LOST,
      '✓': 'the inbox swallows the message when it comes again, and its outcome is a row, or out already',
      D: SECOND_COPY,
    },
  },
  poison: {
    cells: '✓ ✓ ✓ ✓  ✓ ✓  ✓ ✓',
    because: { '✓': 'after its deliveries it is among the dead letters, and holds up nobody' },
  },
} as const satisfies Record<string, Row>;

export type PointName = keyof typeof TABLE_ROWS;
