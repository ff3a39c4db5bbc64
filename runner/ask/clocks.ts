/**
 * How far the clocks of other machines are from the harness's. The other clock was read at some moment of the round trip, so the offset is
 * known to half of that, with no assumption about the network. Each check that compares a time of another machine with one of its own has
 * the clocks measured into its own history.
 */
import { monoMs } from '../../host/clock.ts';
import type { NewSeen } from '../../reports/record/observations/index.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import type { PrometheusClient } from '../../probes/prometheus/index.ts';
import type { ClockPod } from '../../suites/harness/protocol.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Readings per clock: the quickest has the smallest error. */
const QUESTIONS = 3;
const SECOND_MS = 1000;
/** For one answer of a pod, ms. */
const POD_MS = 10_000;

/** What another clock says. Whole seconds are up to one second behind. */
export interface Said {
  saidMs: number;
  precision: 'second' | 'ms';
}

export type ClockSeen = NewSeen<'clock-offset' | 'clock-unread'>;

interface Measuring {
  write: (seen: ClockSeen) => void;
  signal: AbortSignal;
}

/** The other clock is ahead by `offsetMs`, give or take `errorMs`. */
export interface Offset {
  offsetMs: number;
  errorMs: number;
}

interface Reading extends Said {
  t: number;
  askedMs: number;
  tookMs: number;
}

/** Writes the quickest of a few readings of a clock, or why it could not be read: then the answer is null. */
export async function measureClock(
  source: string,
  ask: () => Promise<Said>,
  { write, signal }: Measuring,
): Promise<Offset | null> {
  let best: Reading | null = null;
  let reason = 'no answer';
  for (let i = 0; i < QUESTIONS; i++) {
    const [askedMs, begunMs] = [Date.now(), monoMs()];
    try {
      const said = await ask();
      const t = monoMs();
      const tookMs = t - begunMs;
      if (best === null || tookMs < best.tookMs) best = { ...said, t, askedMs, tookMs };
    } catch (error) {
      signal.throwIfAborted();
      reason = errorText(error);
    }
  }
  if (best === null) {
    write({ kind: 'clock-unread', source, reason });
    return null;
  }
  const { tookMs, ...reading } = best;
  write({ kind: 'clock-offset', source, ...reading });
  return offsetIn(reading, tookMs);
}

function offsetIn({ askedMs, saidMs, precision }: Omit<Reading, 'tookMs'>, tookMs: number): Offset {
  const left = precision === 'second' ? SECOND_MS / 2 : 0;
  return { offsetMs: saidMs + left - (askedMs + tookMs / 2), errorMs: tookMs / 2 + left };
}

/** Measures clocks of nodes, each by a pod that runs there: containers have their node's clock. Returns the nodes that answered. */
export async function measureNodes(
  cluster: Pick<KubeCluster, 'exec'>,
  pods: readonly ClockPod[],
  measuring: Measuring,
): Promise<(Offset & { node: string })[]> {
  const found: (Offset & { node: string })[] = [];
  // One after the other: concurrent readings delay each other, which adds to the error.
  for (const { node, namespace, pod, container } of pods) {
    const command = ['busybox', 'date', '+%s'];
    const of = { namespace, pod, container, command, timeoutMs: POD_MS };
    const ask = async (): Promise<Said> => ({
      saidMs: secondsIn(await cluster.exec(of, measuring.signal)) * SECOND_MS,
      precision: 'second',
    });
    const offset = await measureClock(node, ask, measuring);
    if (offset !== null) found.push({ node, ...offset });
  }
  return found;
}

function secondsIn({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }): number {
  const said = stdout.trim();
  if (code !== 0 || !/^\d+$/.test(said))
    throw new Error(
      `date printed "${said === '' ? stderr.trim().slice(0, 100) : said.slice(0, 100)}" (exit code ${code}), expected whole seconds`,
    );
  return Number(said);
}

/** The clock by which Prometheus evaluates queries now. */
export function measurePrometheus(client: PrometheusClient, measuring: Measuring): Promise<Offset | null> {
  return measureClock(
    'Prometheus',
    async () => {
      const [now] = await client.query('time()', { signal: measuring.signal });
      const seconds = now?.points[0]?.[1];
      if (typeof seconds !== 'number') throw new Error('time() has no value');
      return { saidMs: Math.round(seconds * 1000), precision: 'ms' };
    },
    measuring,
  );
}
