import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { runTyped } from './typed-commands.js';

async function said(text: string): Promise<string[]> {
  const lines: string[] = [];
  const commands = {
    cut: () => Promise.resolve('it is cut'),
    look: () => Promise.reject(new Error('no database')),
  };
  await runTyped(Readable.from([text]), commands, (line) => lines.push(line));
  return lines;
}

describe('what is typed', () => {
  it('is run, a line each, until the input ends', async () => {
    expect(await said('cut\n  cut \n\ncut')).toEqual(['it is cut', 'it is cut', 'it is cut']);
  });

  it('is answered when it is no command, also when an object has something of that name', async () => {
    expect(await said('toString\ncut\n')).toEqual(['toString: expected one of cut, look', 'it is cut']);
  });

  it('may fail, and the next is run', async () => {
    expect(await said('look\ncut\n')).toEqual(['look failed: no database', 'it is cut']);
  });
});
