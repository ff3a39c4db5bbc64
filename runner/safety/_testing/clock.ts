import type { TestContext } from 'node:test';

/**
 * From now on the monotonic clock of this process is ahead by so many seconds, as a process that was paused finds it. A function is asked at
 * every look at the clock. `t.mock.restoreAll()` sets it right again, and so does the end of the test.
 */
export function clockAhead(t: TestContext, seconds: number | (() => number)): void {
  const real = process.hrtime;
  t.mock.method(process, 'hrtime', (): [number, number] => {
    const [now, nanos] = real();
    return [now + (typeof seconds === 'number' ? seconds : seconds()), nanos];
  });
}
