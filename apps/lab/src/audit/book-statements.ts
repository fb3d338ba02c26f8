/** What is read of the two databases; `book-rows.ts` says what comes of each row. */
export const bookStatements = {
  transfers: `
    select id, debit_account_id as "debitAccountId", credit_account_id as "creditAccountId",
           amount_minor as "amountMinor", currency, status, requested_at as "requestedAt"
    from transfer
    order by requested_at, id`,
  idempotency: 'select key, status, body from idempotency_record order by created_at, key',
  postings: `
    select posting.id, posting.transfer_id as "transferId", posting.currency,
           (extract(epoch from posting.posted_at) * 1000000)::bigint as "atMicros",
           array_agg(entry.account_id::text) as "accountIds", array_agg(entry.amount_minor::text) as "amounts"
    from posting left join entry on entry.posting_id = posting.id
    group by posting.id`,
  rejections: `
    select transfer_id as "transferId", debit_account_id as "debitAccountId", credit_account_id as "creditAccountId",
           amount_minor as "amountMinor", currency,
           (extract(epoch from rejected_at) * 1000000)::bigint as "atMicros"
    from rejection`,
  accounts: 'select id, currency, balance_minor as "balanceMinor" from account',
  // A message without a lane is settled; one without order has its own id as its key.
  outbox: `
    select message.envelope, message.key, message.attempts,
           case when message.key <> message.id::text then message.sequence end as sequence,
           case when parked.id is not null then 'parked'
                when message.sequence > lane.settled_sequence then 'waiting'
                else 'settled' end as state
    from outbox_message as message
    left join outbox_lane as lane using (key)
    left join outbox_parked as parked on parked.id = message.id and parked.sequence = message.sequence
    order by message.key, message.sequence`,
  inbox: 'select source, id as "eventId", type, repeats from inbox_message',
  deadLetters:
    'select id, channel, reason, deliveries, error, payload from inbox_dead_letter order by buried_at, id',
  outboxDepth: `
    select count(*) filter (where sequence > settled_sequence) as waiting,
           count(*) filter (where sequence > settled_sequence is not true) as sent
    from outbox_message left join outbox_lane using (key)`,
  repeats: 'select coalesce(sum(repeats), 0) as repeats from inbox_message',
} as const;
