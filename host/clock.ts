import fs from 'node:fs';

/** Milliseconds of CLOCK_MONOTONIC, which is what `process.hrtime` reads on Linux: shared by all processes of one boot. */
export function monoMs(): number {
  return msOf(process.hrtime());
}

function msOf([seconds, nanoseconds]: [number, number]): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

/** As the property is replaced in tests of a process that was paused. */
const realHrtime = process.hrtime;

/** `/proc/uptime` counts hundredths of a second: a smaller change is none. */
const LEAST_SLEEP_MS = 50;
let asleepMs = 0;

/**
 * Milliseconds that pass while the machine sleeps as well (CLOCK_BOOTTIME), where `monoMs` stands still: for what others count on meanwhile,
 * such as a Lease, and for how old something is.
 */
export function bootMs(): number {
  asleepMs = sleptMs();
  return monoMs() + asleepMs;
}

/** Where it cannot be read, such as with too many files open, it is the sleep that was seen last. */
function sleptMs(): number {
  try {
    const uptimeMs = Number(fs.readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
    const seenMs = uptimeMs - msOf(realHrtime());
    return Math.abs(seenMs - asleepMs) > LEAST_SLEEP_MS ? seenMs : asleepMs;
  } catch {
    return asleepMs;
  }
}

/** Now, on the wall clock and on the monotonic one, to convert the times of a history afterwards. */
export function anchor(): { wall: string; monoMs: number } {
  return { wall: new Date().toISOString(), monoMs: monoMs() };
}
