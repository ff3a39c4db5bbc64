/**
 * Runs at most `atOnce` tasks at a time: a thousand handshakes at once would time each other out. Starts none after `budgetMs`:
 * behind a firewall that drops packets, each would wait for its full time-out. Returns the items that were not started.
 */
export async function inParallel<T>(
  items: readonly T[],
  limits: { atOnce: number; budgetMs: number },
  work: (item: T) => Promise<void>,
): Promise<T[]> {
  const end = performance.now() + limits.budgetMs;
  const queue = [...items];
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const item = queue.shift();
      if (item === undefined) return;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limits.atOnce, items.length) }, worker));
  return queue;
}
