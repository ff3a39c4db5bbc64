import { connect } from 'node:net';
import { monoMs } from '../../host/clock.ts';

/** As within a cluster (config.ts). */
const LEAST_MS = 100;
/** As long as an operation waits for a connection, `waitTimeoutMs`: the client's time-outs ascend. */
const MOST_MS = 500;
const ATTEMPTS = 3;
const TIMES = 3;

/**
 * How long a client of an edge, or of an API server, may take to reach it, ms: three times the fastest of three attempts now, since what this
 * machine adds is no distance. From a machine that is 120 ms away, no connection would be there within the 100 ms of a cluster, and a service that is back would never be seen to be.
 * @param reach how long one attempt takes, ms
 */
export async function connectTimeoutTo(
  address: { host: string; port: number },
  reach: typeof reachMs = reachMs,
): Promise<number> {
  let fastestMs = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) fastestMs = Math.min(fastestMs, await reach(address));
  return Math.min(MOST_MS, Math.max(LEAST_MS, Math.ceil(TIMES * fastestMs)));
}

/** Infinity for an address that cannot be reached. */
function reachMs({ host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve) => {
    const sinceMs = monoMs();
    const socket = connect({ host, port });
    const end = (ms: number): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(ms);
    };
    const timer = setTimeout(() => end(Infinity), MOST_MS);
    socket.on('error', () => end(Infinity));
    socket.once('connect', () => end(monoMs() - sinceMs));
  });
}
