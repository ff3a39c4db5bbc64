/** Milliseconds of CLOCK_MONOTONIC, which is what `process.hrtime` reads on Linux: shared by all processes of one boot. */
export function monoMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** Now, on the wall clock and on the monotonic one, to convert the times of a history afterwards. */
export function anchor(): { wall: string; monoMs: number } {
  return { wall: new Date().toISOString(), monoMs: monoMs() };
}
