import type { ServiceName } from '../parts/bank.js';
import { messageOf } from '../lab.errors.js';
import { AnswerJudge } from './answer-judge.js';
import type { ApiDocument, ApiOperation } from './api-document.js';
import { describeRequest, type FuzzRequest } from './fuzz-request.js';
import { KnownThings, type Prepared } from './known-things.js';
import { ToldEffects, type Effects } from './recorded-effects.js';
import { RequestGenerator } from './request-generator.js';
import type { Answer, RawClient } from './send-request.js';
import { Sightings } from './sightings.js';

/** What a bank is sent bad input with. */
export interface FuzzOptions {
  readonly documents: readonly ApiDocument[];
  readonly clients: Readonly<Record<ServiceName, RawClient>>;
  readonly prepared: Prepared;
  readonly requests: number;
  readonly seed: number;
}

/** What came of it. */
export interface FuzzReport {
  readonly sightings: Sightings;
  /** Answers that should not have been, each with its request; the first ones. */
  readonly wrong: readonly string[];
  readonly told: Effects;
}

/** Requests at once: several of one key and of one account meet. */
const CONCURRENCY = 8;
/** A fault shows many times; so many are enough to find it. */
const WRONG_MAX = 20;

/** Sends requests that a seed decides to every operation in turn, and judges each answer. */
export async function fuzzBank(options: FuzzOptions): Promise<FuzzReport> {
  const { documents, requests, seed } = options;
  const operations = documents.flatMap((document) => document.operations);
  const known = new KnownThings(options.prepared);
  const generator = new RequestGenerator(seed, known);
  const judge = new AnswerJudge(documents);
  const [sightings, effects, wrong] = [new Sightings(), new ToldEffects(), [] as string[]];
  const one = async (number: number) => {
    const operation = operations[number % operations.length] as ApiOperation;
    const request = generator.make(operation, number);
    const answer = await send(options, request);
    const complaint = typeof answer === 'string' ? answer : complaintOf(judge, request, answer);
    if (complaint !== undefined) {
      wrong.push(`request ${number}: ${describeRequest(request)}\n  ${complaint}`);
    }
    if (typeof answer === 'string') return;
    if (request.routed) sightings.note(operation, answer.status);
    effects.note(request, answer);
    known.learn(request, answer);
  };
  let next = 0;
  const worker = async () => {
    while (next < requests && wrong.length < WRONG_MAX) await one((next += 1));
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return { sightings, wrong, told: effects.all() };
}

/** The answer; or, in words, why there is none. */
async function send({ clients }: FuzzOptions, request: FuzzRequest): Promise<Answer | string> {
  try {
    return await clients[request.operation.service].send(request);
  } catch (error) {
    return `no answer: ${messageOf(error)}`;
  }
}

function complaintOf(judge: AnswerJudge, request: FuzzRequest, answer: Answer): string | undefined {
  const { operation, routed, body } = request;
  if (!routed) return judge.complaintOfUnrouted(operation, answer);
  // Of a body where none is asked for the document does not speak: it is not looked at, or refused.
  if (!operation.body && body && answer.status >= 400) return judge.complaintOfUnrouted(operation, answer);
  const complaint = judge.complaint(operation, answer);
  // One that is cut off before its first byte is none.
  if (complaint !== undefined || answer.status >= 300 || !operation.body || !body?.length) return complaint;
  // A byte order mark may stand before it (RFC 8259, 8.1), and a decoder takes it away.
  const allowed = judge.allowsBody(operation, JSON.parse(new TextDecoder().decode(body)));
  return allowed ? undefined : `${answer.status} to a body that the document does not allow`;
}
