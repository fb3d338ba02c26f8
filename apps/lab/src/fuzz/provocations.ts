import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { ServiceName } from '../parts/bank.js';
import type { ApiOperation } from './api-document.js';
import { Chance } from './chance.js';
import { requestOf, type Draft, type FuzzRequest } from './fuzz-request.js';
import { KnownThings, type Prepared } from './known-things.js';
import { RequestGenerator } from './request-generator.js';
import type { Answer, RawClient } from './send-request.js';

/** One byte more than any operation takes. */
const TOO_LARGE = Buffer.alloc(512 * 1024 + 1, ' ');
/** Of so many bodies one is another. */
const BODIES_MAX = 10;
/** So many accounts are opened at once. */
const OPENINGS_AT_ONCE = 16;
/** No more openings of the largest balance than this fit into the largest balance of the bank. */
const OPENINGS_MAX = 1_010;
const AMOUNT_MINOR_MAX = '999999999999999';

/** The answer to one request, with what it was. */
export interface Provoked {
  readonly request: FuzzRequest;
  readonly answer: Answer;
}

/** What they are made with. */
export interface ProvocationParts {
  readonly prepared: Prepared;
  readonly clients: Readonly<Record<ServiceName, RawClient>>;
  readonly seed: number;
  /** Its URL. */
  readonly transactionsDatabase: string;
}

/** What makes a sound draft be answered with a status: those that come at the first time. */
const CHANGES: Readonly<Record<number, (draft: Draft, prepared: Prepared) => void>> = {
  204: ({ headers }) => (headers['Last-Event-ID'] = '2'),
  304: ({ headers }) => (headers['If-None-Match'] = '*'),
  400: (draft) => {
    if ('id' in draft.path) draft.path['id'] = 'none';
    else if (draft.operation.body) draft.json = {};
    else draft.query.push(['unknown', '1']);
  },
  404: ({ path }) => (path['id'] = randomUUID()),
  409: ({ operation, path }, { closed, funded }) =>
    (path['id'] = (operation.id === 'closeAccount' ? funded : closed)[0] ?? ''),
  412: ({ headers }) => (headers['If-Match'] = '"0"'),
  413: (draft) => {
    draft.headers['Content-Type'] = 'application/json';
    draft.raw = TOO_LARGE;
  },
  415: (draft) => {
    draft.headers['Content-Type'] = 'text/plain';
    draft.raw = Buffer.from('text');
  },
};

/** Has operations answer what bad input meets by chance only. */
export class Provocations {
  private readonly generator: RequestGenerator;
  private readonly chance: Chance;

  constructor(private readonly parts: ProvocationParts) {
    const { prepared, seed } = parts;
    const known = new KnownThings(prepared);
    known.transfers.push(...prepared.posted.slice(0, 1));
    this.generator = new RequestGenerator(seed, known);
    this.chance = new Chance(seed);
  }

  /** The answer that is or is not of this status; undefined where no request is known to have it. */
  async provoke(operation: ApiOperation, status: number): Promise<Provoked | undefined> {
    const draft = this.sound(operation);
    if (status === 422) return this.sendTwice(draft, { sameKey: true });
    if (operation.id === 'reverseTransfer' && status === 409)
      return this.sendTwice(draft, { sameKey: false });
    if ('Idempotency-Key' in draft.headers && status === 409) return this.sendAtOnce(draft);
    if (operation.id === 'openAccount' && status === 409) return this.openUntilRefused(draft);
    const change = CHANGES[status];
    if (!change) return undefined;
    change(draft, this.parts.prepared);
    return this.send(draft);
  }

  private sound(operation: ApiOperation): Draft {
    const draft = this.generator.sound(operation, this.chance);
    // Optional: a condition on the version, a wish to wait.
    for (const { name, in: place, required } of operation.parameters) {
      if (place === 'header' && !required) delete draft.headers[name];
    }
    return draft;
  }

  private async send(draft: Draft): Promise<Provoked> {
    const request = requestOf(draft, ['provoked']);
    return { request, answer: await this.parts.clients[draft.operation.service].send(request) };
  }

  private async sendTwice(draft: Draft, { sameKey }: { readonly sameKey: boolean }): Promise<Provoked> {
    await this.send(draft);
    if (sameKey) draft.json = this.otherBody(draft);
    else draft.headers['Idempotency-Key'] = randomUUID();
    return this.send(draft);
  }

  /** Another sound body; the same one where the operation has no other. */
  private otherBody({ operation, json }: Draft): unknown {
    const bodies = Array.from({ length: BODIES_MAX }, () => this.sound(operation).json);
    return bodies.find((body) => JSON.stringify(body) !== JSON.stringify(json)) ?? json;
  }

  /** One of the two waits for the table, and has the key meanwhile; the other is answered first. */
  private async sendAtOnce(draft: Draft): Promise<Provoked> {
    const holder = new Client({ connectionString: this.parts.transactionsDatabase });
    await holder.connect();
    try {
      await holder.query('begin; lock table idempotency_record in exclusive mode');
      const both = [this.send(draft), this.send(draft)];
      const refused = await Promise.race(both);
      await holder.query('rollback');
      await Promise.all(both);
      return refused;
    } finally {
      await holder.end();
    }
  }

  private async openUntilRefused(draft: Draft): Promise<Provoked> {
    draft.json = { owner: 'ada', currency: 'CHF', openingBalanceMinor: AMOUNT_MINOR_MAX };
    for (let opened = OPENINGS_AT_ONCE; ; opened += OPENINGS_AT_ONCE) {
      const answers = await Promise.all(Array.from({ length: OPENINGS_AT_ONCE }, () => this.send(draft)));
      const refused = answers.find(({ answer }) => answer.status !== 201);
      const [first] = answers as [Provoked];
      if (refused || opened > OPENINGS_MAX) return refused ?? first;
    }
  }
}
