import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';

/** A test, or all tests of this process. */
interface Ending {
  after: (remove: () => void) => void;
}

/**
 * An empty folder that is removed, with what it holds, when the test ends; where none is running, when all have.
 * @param context of the test, where others may run beside it
 */
export function tempFolder(context: Ending = { after }): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-'));
  context.after(() => {
    // A process that a test has just ended may still have written into it.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return folder;
}
