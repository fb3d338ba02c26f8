import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Which transfer a request's Idempotency-Key has made; written in the transfer's own transaction. */
@Entity('idempotency_record')
export class IdempotencyRecord {
  /** Method and path: the same key may be used elsewhere. */
  @PrimaryColumn('text')
  scope!: string;

  @PrimaryColumn('text')
  key!: string;

  /** What the request asked for; the same key with another body is refused. */
  @Column('text')
  fingerprint!: string;

  @Column('uuid', { name: 'transfer_id' })
  transferId!: string;
}
