/**
 * Runs every step in turn, whatever becomes of those before it: that a load cannot be stopped must not keep a fault in force.
 * @throws what the first step threw that did
 */
export async function endAll(...steps: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
