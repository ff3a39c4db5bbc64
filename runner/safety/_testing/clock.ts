import type { TestContext } from 'node:test';

/**
 * Sets the monotonic clock of this process ahead by `seconds`, as after a pause of the process. A function is called at every reading of
 * the clock. `t.mock.restoreAll()` or the end of the test resets it.
 */
export function clockAhead(t: TestContext, seconds: number | (() => number)): void {
  const real = process.hrtime;
  t.mock.method(process, 'hrtime', (): [number, number] => {
    const [now, nanos] = real();
    return [now + (typeof seconds === 'number' ? seconds : seconds()), nanos];
  });
}
