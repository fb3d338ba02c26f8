import { describe, expect, it } from '@jest/globals';
import { preferredWaitSeconds } from './prefer-wait.js';

describe('the preference wait', () => {
  it.each([
    ['wait=10', 10],
    ['Wait=10', 10],
    ['respond-async, wait=10', 10],
    ['respond-async,wait = 10 ; x=y', 10],
    ['wait="10"', 10],
    ['wait=0', 0],
    ['wait=10, wait=20', 10],
    ['wait=30', 30],
    ['wait=31', 30],
    ['wait=999999999', 30],
  ])('%s is %d seconds', (header, seconds) => {
    expect(preferredWaitSeconds(header)).toBe(seconds);
  });

  it.each([
    undefined,
    '',
    'wait',
    'wait=',
    'wait=soon',
    'wait=-1',
    'wait=1.5',
    'await=10',
    'wait=1 0',
    'foo="wait=3"',
  ])('%p is none', (header) => {
    expect(preferredWaitSeconds(header)).toBeUndefined();
  });
});
