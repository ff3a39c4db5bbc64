/** Follows canary requests and numbered lines into the stores of logs and traces until they arrive or time is up. */
export { LogArrivals } from './logs.ts';
export type { ExpectedLines } from './logs.ts';
export { TraceArrivals } from './traces.ts';
export type { ExpectedPath } from './traces.ts';
export type { Following } from './source-watch.ts';
export { linesOnDisk } from './disk.ts';
export type { DiskLine } from './disk.ts';
