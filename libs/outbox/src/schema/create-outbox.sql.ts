/**
 * The tables of the outbox; what each is for stands in `docs/adr/0008-lanes.md`.
 *
 * A writer draws numbers from `outbox_key` and never touches a lane that is there; relays work on lanes and never
 * wait for a writer. A message is written once and not touched again: whether it is settled is told by its lane.
 */
export const CREATE_OUTBOX = [
  // Its row is locked from the moment a transaction draws a number of the key until that transaction ends.
  `create table outbox_key (
     key text primary key,
     last_sequence bigint not null check (last_sequence > 0),
     queued_after bigint check (queued_after < last_sequence)
   ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`,
  // One row for each key that has messages waiting, and one for each waiting message that needs no order.
  // It has no primary key on purpose: a lane is rewritten at each claim and settlement, and a unique index would
  // visit every dead version of it each time, which vacuum can't remove while somebody holds an old snapshot.
  `create table outbox_lane (
     key text not null,
     ordered boolean not null,
     settled_sequence bigint not null,
     pending_since timestamptz not null default clock_timestamp(),
     ready_xid xid8,
     due_at timestamptz,
     lease_token uuid,
     blocked_at timestamptz,
     alone boolean not null default false,
     attempts integer not null default 0,
     failures integer not null default 0,
     crashes integer not null default 0,
     attempted_to bigint not null default 0,
     last_error text,
     check (num_nonnulls(ready_xid, due_at, lease_token, blocked_at) = 1)
   ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`,
  `create index outbox_lane_ready on outbox_lane (ready_xid) where ready_xid is not null`,
  `create index outbox_lane_due on outbox_lane (due_at) where due_at is not null`,
  `create index outbox_lane_leased on outbox_lane (lease_token) where lease_token is not null`,
  `create index outbox_lane_suspect on outbox_lane (key) where crashes >= 2`,
  `create index outbox_lane_blocked on outbox_lane (key) where blocked_at is not null`,
  // One row for each batch that a relay holds. Whoever deletes it decides what becomes of the batch's lanes.
  `create table outbox_lease (
     token uuid primary key,
     holder text not null,
     ends_at timestamptz not null,
     run_max integer not null
   ) with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0)`,
  // Messages of an unordered lane have their own id as key, and the number 1.
  `create table outbox_message (
     id uuid not null,
     key text not null,
     sequence bigint not null,
     type text not null,
     envelope text not null,
     not_before timestamptz,
     attempts integer not null default 1,
     created_at timestamptz not null default clock_timestamp()
   ) partition by range (created_at)`,
  `create index outbox_message_key on outbox_message (key, sequence)`,
  `create index outbox_message_id on outbox_message (id)`,
  // Messages that were given up, whole: their partition may be dropped meanwhile.
  `create table outbox_parked (
     id uuid primary key,
     key text not null,
     sequence bigint not null,
     ordered boolean not null,
     type text not null,
     envelope text not null,
     created_at timestamptz not null,
     attempts integer not null,
     failures integer not null,
     error text not null,
     policy text not null check (policy in ('block', 'park', 'skip')),
     parked_at timestamptz not null default clock_timestamp()
   )`,
  `create index outbox_parked_at on outbox_parked (parked_at)`,
] as const;
