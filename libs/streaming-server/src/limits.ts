/**
 * Every bound of the server, each with its reason. Where the real server has the same bound its value is kept,
 * because clients were written against it. Units are the last word of each name.
 */

/** Longest control line, INFO included: the Node client never parses a longer one. */
export const CONTROL_LINE_MAX_BYTES = 4096;

/** Largest payload of one message; the streaming envelope counts too. The value clients expect from INFO. */
export const PAYLOAD_MAX_BYTES = 1024 * 1024;

/** Connections at once: the real server's default. Each costs about 10 KB here. */
export const CONNECTIONS_MAX = 64 * 1024;

/** Output that may wait for a client that reads too slowly, before it is cut off as a slow consumer. */
export const PENDING_MAX_BYTES = 64 * 1024 * 1024;

/** Longest time one write may take before its client counts as a slow consumer. */
export const WRITE_DEADLINE_MS = 10_000;

/** Time a client has for CONNECT when authentication is on. */
export const AUTHENTICATION_TIMEOUT_MS = 2_000;

/** Silence after which the server sends PING. */
export const PING_INTERVAL_MS = 120_000;

/** Unanswered PINGs after which a connection is stale. */
export const PINGS_OUT_MAX = 2;

/** How often deadlines of connections are looked at: one timer for all, fine enough for limits of seconds. */
export const SWEEP_INTERVAL_MS = 250;

/** Subjects whose subscribers are remembered; above it the cache starts anew. A reply inbox is used once. */
export const MATCH_CACHE_MAX_SUBJECTS = 4096;

/** Output is gathered in blocks: small for a quiet client, and doubling to a whole tick's messages for a busy one. */
export const OUTPUT_BLOCK_MIN_BYTES = 1024;
export const OUTPUT_BLOCK_MAX_BYTES = 64 * 1024;

/** A larger payload is passed on by reference; below it the copy is cheaper than one more write vector. */
export const OUTPUT_COPY_MAX_BYTES = 8 * 1024;

/** Publishes stored by one flush (the real server's batch): bounds the delay of the first of them, and the memory. */
export const PUBLISH_BATCH_MAX_MESSAGES = 1024;
export const PUBLISH_BATCH_MAX_BYTES = 8 * 1024 * 1024;

/** How long a registered client may take to say that it still lives, when another wants its id. */
export const DUPLICATE_CLIENT_CHECK_MS = 500;

/** Defaults of the heartbeats that the server sends to its clients (`-hbi`, `-hbt`, `-hbf`). */
export const HEARTBEAT_INTERVAL_MS = 30_000;
export const HEARTBEAT_TIMEOUT_MS = 10_000;
export const HEARTBEAT_FAILURES_MAX = 10;

/** Messages that expire this soon after a redelivery timer fired go out with it: saves a timer for each. */
export const REDELIVERY_SLACK_MS = 15;

/** Delay before messages of a member that left a queue group go to the others. */
export const TRANSFER_DELAY_MS = 100;

/** After a restart nothing is redelivered before the Node client (2 s and some) can be connected again. */
export const RECONNECT_GRACE_MS = 2_500;

/** Resolution of the shared timer: half of the redelivery slack, so that it never shows. */
export const TIMER_TICK_MS = 5;

/** Store limits, the real server's defaults. 0 means unlimited. */
export const CHANNELS_MAX = 100;
export const MESSAGES_PER_CHANNEL_MAX = 1_000_000;
export const BYTES_PER_CHANNEL_MAX = 1_024_000_000;
export const SUBSCRIPTIONS_PER_CHANNEL_MAX = 1_000;

/** How often messages are checked against the age limit, where there is one. */
export const AGE_CHECK_INTERVAL_MS = 500;

/** Entries of a list on the monitoring page when no limit is asked for: the real server's. */
export const MONITOR_LIST_MAX = 1024;

/** How long a stopping server waits for clients to take what was written to them. */
export const STOP_DEADLINE_MS = 100;

/** A channel's messages are kept in files of this size at most (the real server's slices): one is dropped as a whole. */
export const SEGMENT_MAX_BYTES = 64 * 1024 * 1024;
/** Smaller limits make smaller files, so that a channel takes little more room than its limit; but not tiny ones. */
export const SEGMENT_MIN_BYTES = 64 * 1024;
export const SEGMENT_MIN_MESSAGES = 1024;
/** Files that a channel's limit is divided into. */
export const SEGMENTS_PER_CHANNEL = 4;

/** What is read at once from a file, and how many such blocks a channel keeps: one for the tail, one for a latecomer. */
export const READ_BLOCK_BYTES = 128 * 1024;
export const READ_BLOCKS_PER_CHANNEL = 2;

/** How long positions and acknowledgements of subscribers may wait for a publish to be written along with. */
export const POSITIONS_WRITE_DELAY_MS = 50;

/** The file of clients and subscriptions is rewritten when it has this size and has grown by this factor. */
export const STATE_COMPACTION_MIN_BYTES = 1024 * 1024;
export const STATE_COMPACTION_GROWTH = 4;

/** A file record is refused above this: nothing larger is ever written, so it is damage. */
export const RECORD_MAX_BYTES = 256 * 1024 * 1024;
