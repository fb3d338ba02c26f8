import { errorText, StoreFailedError } from '../../errors.js';
import type { AppendFile } from './file-operations.js';

/**
 * A failed sync is final: the system may have dropped the data and report success the next time, so nothing that
 * was written since the last good one can be trusted any more.
 */
export async function syncOrFail(file: AppendFile, path: string): Promise<void> {
  try {
    await file.sync();
  } catch (cause) {
    throw new StoreFailedError(`cannot sync ${path}: ${errorText(cause)}`, { cause });
  }
}
