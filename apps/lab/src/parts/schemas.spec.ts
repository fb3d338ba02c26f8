import { describe, expect, it } from '@jest/globals';
import { withSearchPath } from './schemas.js';

describe('withSearchPath', () => {
  it('adds the search path as an option of the connection', () => {
    const url = withSearchPath('postgres://me:p%40ss@db:5432/bank', 'run1');
    expect(url).toBe('postgres://me:p%40ss@db:5432/bank?options=-c%20search_path%3Drun1');
  });

  it('keeps other parameters and the options that are there', () => {
    const url = withSearchPath('postgres://db/bank?sslmode=disable&options=-c%20work_mem%3D8MB', 'run1');
    expect(url).toBe(
      'postgres://db/bank?sslmode=disable&options=-c%20work_mem%3D8MB%20-c%20search_path%3Drun1',
    );
  });
});
