/**
 * The tables of the inbox: what was handled, how far each key has come, and what could not be handled.
 *
 * One handled message costs two row versions, one of them new: its row in `inbox_message`, and its key's next version.
 */
export const CREATE_INBOX = [
  // In partitions by the id itself, a UUIDv7 that begins with the time: by time of receipt the same id would go in
  // twice, on two days. No default partition: an id that fits none is refused.
  `create table inbox_message (
     source text not null,
     id uuid not null,
     type text not null,
     received_at timestamptz not null default clock_timestamp(),
     repeats integer not null default 0,
     primary key (source, id)
   ) partition by range (id)`,
  // How far a key has come. `last - first + 1 - received` are missing. No index has a column that changes with each
  // message, so that its versions stay in their page (HOT) and need no vacuum.
  `create table inbox_key (
     source text not null,
     key text not null,
     first_sequence bigint not null,
     last_sequence bigint not null,
     received bigint not null,
     gap_since timestamptz,
     primary key (source, key)
   ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`,
  `create index inbox_key_gap on inbox_key (gap_since) where gap_since is not null`,
  // What came to nothing. The broker's number alone is no identity: a broker that lost its store counts anew.
  `create table inbox_dead_letter (
     id uuid primary key default gen_random_uuid(),
     channel text not null,
     sequence bigint not null,
     digest bytea not null,
     payload bytea not null,
     event_source text,
     event_id text,
     reason text not null check (reason in ('malformed', 'failed', 'expired')),
     deliveries integer not null,
     error text not null,
     buried_at timestamptz not null default clock_timestamp(),
     unique (channel, sequence, digest)
   )`,
  `create index inbox_dead_letter_buried on inbox_dead_letter (buried_at, id)`,
  // How often a message came again. Rows go when it is buried, and after a time.
  `create table inbox_redelivery (
     channel text not null,
     sequence bigint not null,
     digest bytea not null,
     redeliveries integer not null,
     counted_at timestamptz not null default clock_timestamp(),
     primary key (channel, sequence, digest)
   ) with (fillfactor = 70)`,
] as const;
