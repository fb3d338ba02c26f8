import { afterEach, beforeEach, describe } from '@jest/globals';
import { applicationContract } from './application.contract.js';
import type { Backend } from './backends.js';
import { Bench } from './bench.js';
import { connectContract } from './connect.contract.js';
import { deadLetterContract } from './dead-letter.contract.js';
import { lostContract } from './lost.contract.js';
import { publishContract } from './publish.contract.js';
import { subscribeContract } from './subscribe.contract.js';

/** What every driver of the port does, checked against a broker of the given kind. */
export function messageBusContract(name: string, backend: Backend): void {
  describe(name, () => {
    let current: Bench;
    const bench = () => current;
    beforeEach(async () => {
      current = await Bench.start(backend);
    });
    afterEach(() => current.end());

    describe('connecting', () => connectContract(bench));
    describe('publishing', () => publishContract(bench));
    describe('subscribing', () => subscribeContract(bench));
    describe('a message', () => deadLetterContract(bench));
    describe('an application', () => applicationContract(bench));
    describe('a connection that breaks', () => lostContract(bench));
  });
}
