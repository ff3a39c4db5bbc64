/**
 * Kills this process when its event loop stands still. What it did is then undone as after any other SIGKILL: by the host timer, by the Job in the
 * cluster, or by the next start. JavaScript cannot end a function from outside, and a process that hangs would hold the Lease with a fault in force.
 */
import { Worker } from 'node:worker_threads';

/** Long beside any judging of a history, short beside the time after which timers undo. */
const STANDS_MS = 30_000;
const BEAT_MS = 1_000;

/**
 * The thread counts its own turns in which the loop did not beat, and not the time: a process that was stopped or whose machine slept is not killed
 * when it goes on.
 */
const THREAD = `
const { workerData: { beats, turns, turnMs } } = require('node:worker_threads');
for (let seen = -1, still = 0; still < turns; ) {
  const now = Atomics.load(beats, 0);
  still = now === seen ? still + 1 : 0;
  seen = now;
  Atomics.wait(beats, 1, 0, turnMs);
}
require('node:fs').writeSync(2, 'Plumbline ends itself: its event loop stood still for ' + (turns * turnMs) / 1000 + ' s.\\n');
process.kill(process.pid, 'SIGKILL');
`;

/** Watches until the returned function is called. */
export function watchEventLoop(standsMs = STANDS_MS): () => Promise<void> {
  const beats = new Int32Array(new SharedArrayBuffer(8));
  const beat = setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS / 2).unref();
  const workerData = { beats, turns: Math.ceil(standsMs / BEAT_MS), turnMs: BEAT_MS };
  const thread = new Worker(THREAD, { eval: true, workerData, execArgv: [] });
  thread.unref();
  return async () => {
    clearInterval(beat);
    await thread.terminate();
  };
}
