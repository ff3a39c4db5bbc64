/** One test run at a time on a machine. */
import { errorText } from '../../reports/record/error-text.ts';
import { EXIT } from '../../host/errors.ts';
import { EnvironmentHeldError, takeLock } from '../../host/lock.ts';
import type { Release } from '../../host/lock.ts';
import { addUp, renderCounts, single } from './runners.ts';

/**
 * Does a whole test run while holding a lock: between two of its steps nobody holds the environment, and another run would test on it, and then
 * remove it under this one. Where no lock can be taken, as without root, it is done without one: half of its steps need no root.
 * @returns the exit code of the run; 75 while a living process holds the lock: its name is printed, and nothing is done.
 */
export async function alone(lock: string, testRun: () => Promise<number>): Promise<number> {
  let release: Release = () => undefined;
  try {
    release = takeLock(lock);
  } catch (error) {
    if (error instanceof EnvironmentHeldError) {
      process.stdout.write(`${errorText(error)}\n${renderCounts(addUp([single(EXIT.refused)]))}\n`);
      return EXIT.refused;
    }
    process.stdout.write(
      `without a lock, so start no second test run beside this one: ${errorText(error)}\n`,
    );
  }
  try {
    return await testRun();
  } finally {
    release();
  }
}
