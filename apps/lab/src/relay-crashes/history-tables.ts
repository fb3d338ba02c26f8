/**
 * What a run notes in the database itself, where no process can be killed before it has written it.
 *
 * `history_transaction`: a row of each transaction that was committed, and when. Its trigger runs within COMMIT, while the
 * transaction still holds its keys: it waits there, and draws the number by which transactions of one key can be
 * told apart in time. `history_crash`: which messages were leased by a relay that never told what became of them.
 */
export const CREATE_HISTORY = `
  create sequence history_commit;
  create table history_transaction (id uuid primary key, delay_ms integer not null, committed bigint);
  create table history_event (
    id uuid primary key,
    transaction_id uuid not null references history_transaction,
    position integer not null,
    key text not null,
    ordered boolean not null
  );
  create function history_delay_commit() returns trigger language plpgsql as $$
  begin
    perform pg_sleep(new.delay_ms / 1000.0);
    update history_transaction set committed = nextval('history_commit') where id = new.id;
    return null;
  end $$;
  create constraint trigger history_delay after insert on history_transaction deferrable initially deferred
    for each row execute function history_delay_commit();
  create table history_crash (key text not null, settled_sequence bigint not null, attempted_to bigint not null);
  create function history_note_crash() returns trigger language plpgsql as $$
  begin
    insert into history_crash values (new.key, new.settled_sequence, new.attempted_to);
    return null;
  end $$;
  create trigger history_crash after update on outbox_lane
    for each row when (new.crashes > old.crashes) execute function history_note_crash();
  create table history_effect (event_id uuid not null)`;

export const INSERT_TRANSACTION = 'insert into history_transaction (id, delay_ms) values ($1, $2)';

export const INSERT_EVENTS = `
  insert into history_event (id, transaction_id, position, key, ordered)
  select id, $1, position, key, ordered
  from unnest($2::uuid[], $3::text[], $4::boolean[]) with ordinality as event (id, key, ordered, position)`;

/** Every event that was committed, in the order in which its key's transactions were. */
export const READ_HISTORY = `
  select event.id, event.key, event.ordered, message.attempts,
         exists (
           select from history_crash as crash
           where crash.key = message.key and message.sequence > crash.settled_sequence
             and message.sequence <= crash.attempted_to
         ) as crashed
  from history_event as event
  join history_transaction as transaction on transaction.id = transaction_id
  left join outbox_message as message on message.id = event.id
  order by committed, position`;

export const READ_EFFECTS =
  'select event_id as id, count(*)::int as times from history_effect group by event_id';

export const COUNT_WAITING = `
  select (select count(*) from outbox_lane)::int as lanes, (select count(*) from outbox_lease)::int as leases,
         (select count(*) from outbox_parked)::int as parked`;

export const COUNT_LEASES_OF = 'select count(*)::int as leases from outbox_lease where holder = $1';

export const COUNT_SETTLED = `
  select count(*)::int as settled
  from outbox_message left join outbox_lane using (key)
  where sequence > settled_sequence is not true`;
