import { expect, it } from '@jest/globals';
import { kindOf, nameOf, type FaultAction } from './fault.js';

it.each<[FaultAction, string, string]>([
  [{ action: 'kill', target: 'accounts-a' }, 'kill accounts-a', 'kill accounts'],
  [{ action: 'pause', target: 'relay-of-accounts' }, 'pause relay-of-accounts', 'pause relay'],
  [{ action: 'kill', target: 'postgres' }, 'kill postgres', 'kill postgres'],
  [{ action: 'roll', target: 'accounts' }, 'restart accounts, one after the other', 'restart accounts'],
  [{ action: 'slow', target: 'accounts-b–postgres' }, 'slow accounts-b–postgres', 'slow service–postgres'],
  [
    { action: 'reset', target: 'client–transactions-a' },
    'reset client–transactions-a',
    'reset client–service',
  ],
])('%j has a name and a kind', (action, name, kind) => {
  expect([nameOf(action), kindOf(action)]).toEqual([name, kind]);
});
