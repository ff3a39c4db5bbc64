import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogProbe, LogRecord, LogSearch } from '../../../probes/logs/index.ts';
import { SignalError } from '../../../probes/signals/index.ts';
import type { SignalReason } from '../../../probes/signals/index.ts';
import { recentOf, recentOfEach } from './recent.ts';
import type { Looking } from './recent.ts';

const UNTIL_MS = 2_000_000;
const SINCE_MS = UNTIL_MS - 1_600_000;
const podOf = (pod: string) => ({
  namespace: 'n',
  pod,
  container: 'c',
  node: 'w1',
  restarts: 0,
  workload: `Deployment n/${pod}`,
  clock: { offsetMs: 0, errorMs: 0 },
});
const at = (ms: number, text: string): string => `${new Date(ms).toISOString()} ${text}`;

function record(timeMs: number, message: string): LogRecord {
  return {
    id: `${timeMs} ${message}`,
    timeMs,
    message,
    service: '',
    traceId: '',
    correlationId: '',
    number: null,
    node: 'w1',
    namespace: 'n',
    pod: 'p',
  };
}

/** @param search what the store has, or throws */
function looking(
  search: (search: LogSearch) => LogRecord[],
  logs: (of: { sinceTime?: string }) => string,
): Looking {
  const probe: LogProbe = {
    kind: 'test',
    close: () => undefined,
    absence: () => Promise.resolve(null),
    search: (asked) => Promise.resolve().then(() => search(asked)),
  };
  const client = { logs: (of: { sinceTime?: string }) => Promise.resolve(logs(of)) };
  return {
    cluster: { client } as unknown as Looking['cluster'],
    probe,
    sinceMs: SINCE_MS,
    untilMs: UNTIL_MS,
    askedMs: performance.now(),
    deadlineMs: 1_000,
    signal: new AbortController().signal,
    redact: (text) => text,
  };
}

type Told = Parameters<Parameters<typeof recentOfEach>[2]>[0];

/** What is recorded of containers, by their pods, where the store refuses some. */
async function each(reasons: Record<string, SignalReason | null>) {
  const told: Told[] = [];
  const searches = looking(
    ({ pod }) => {
      const reason = reasons[pod?.name ?? ''] ?? null;
      if (reason !== null) throw new SignalError(`${reason} of ${pod?.name ?? ''}`, { reason });
      return [record(UNTIL_MS - 1_000, 'stored')];
    },
    () => at(UNTIL_MS - 1_000, 'stored'),
  );
  const ended = await recentOfEach(Object.keys(reasons).map(podOf), searches, (one) => told.push(one)).then(
    () => null,
    (error: unknown) => (error instanceof SignalError ? error.message : assert.fail(String(error))),
  );
  return { ended, told: told.map((one) => `${one.kind} ${one.pod}`), all: told };
}

test('should show of a line that is missing nothing that looks like a token', async () => {
  const line = 'GET /drafts with authorization: Bearer sk-live-4711';
  const told = await recentOf(
    podOf('p'),
    looking(
      () => [],
      () => at(UNTIL_MS - 1_000, line),
    ),
  );
  assert.equal(told.kind === 'recent' && told.missing, 'GET /drafts with authorization: Bearer ***');
});

test('should record a container for which the store gives no answer, and look up the others', async () => {
  const { ended, told, all } = await each({ a: null, b: 'absent', c: 'failed', d: 'refused', e: null });
  assert.equal(ended, null);
  assert.deepEqual(told, [
    'recent a',
    'recent-unsearched b',
    'recent-unsearched c',
    'recent-unsearched d',
    'recent e',
  ]);
  assert.deepEqual(all[1], {
    kind: 'recent-unsearched',
    workload: 'Deployment n/b',
    node: 'w1',
    pod: 'b',
    container: 'c',
    reason: 'absent of b',
  });
});

test('should give the store up only where it cannot be reached, or fails, for three containers and none between', async () => {
  const gone = 'unreachable';
  const three = await each({ a: gone, b: gone, c: gone, d: null });
  assert.deepEqual(
    [three.ended, three.told.at(-1), three.told.length],
    ['unreachable of c', 'recent-unsearched c', 3],
  );
  const between = await each({ a: gone, b: gone, c: null, d: gone, e: 'absent', f: gone, g: null, h: gone });
  assert.deepEqual([between.ended, between.told.length], [null, 8]);
  const errors = await each({ a: 'failed', b: 'absent', c: gone, d: 'refused', e: 'failed', f: null });
  assert.deepEqual([errors.ended, errors.told.length], ['failed of e', 5], 'an error is no answer either');
  const absent = await each({ a: 'absent', b: 'absent', c: 'absent', d: 'absent' });
  assert.deepEqual([absent.ended, absent.told.length], [null, 4]);
});

/** A container of which kubelet gives too much where it is asked for anything before a time. @returns what was asked for, and recorded */
async function busy(
  of: { tooLongBeforeMs: number; lines: readonly [ms: number, text: string][] },
  stored: readonly LogRecord[],
) {
  const asked: number[] = [];
  const wide = 'x'.repeat(16 << 20);
  const until = looking(
    ({ fromMs, toMs }) => stored.filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs),
    ({ sinceTime = '' }) => {
      const sinceMs = Date.parse(sinceTime);
      asked.push(sinceMs);
      if (sinceMs < of.tooLongBeforeMs) return at(sinceMs, wide);
      return of.lines.flatMap(([ms, text]) => (ms >= sinceMs ? [at(ms, text)] : [])).join('\n');
    },
  );
  return { asked, told: await recentOf(podOf('p'), until) };
}

/** The window is measured while the test runs: some ms later than `UNTIL_MS`. */
const isAbout = (ms: number | undefined, wantedMs: number): boolean =>
  ms !== undefined && ms >= wantedMs && ms < wantedMs + 1_000;

test('should halve the time of a container that wrote too much, and look up the last lines of what is left', async () => {
  const lines = Array.from({ length: 40 }, (_, n): [number, string] => [
    UNTIL_MS - 60_000 + n * 1_000,
    `line ${n}.`,
  ]);
  const stored = lines.map(([ms, text]) => record(ms, text));
  const { asked, told } = await busy({ tooLongBeforeMs: UNTIL_MS - 300_000, lines }, stored);
  assert.equal(asked[0], SINCE_MS);
  for (const [n, windowMs] of [800_000, 400_000, 200_000].entries())
    assert.ok(isAbout(asked[n + 1], UNTIL_MS - windowMs), asked.join());
  assert.equal(asked.length, 4);
  assert.deepEqual('found' in told && [told.written, told.lines, told.found], ['lately', 20, 20]);
  const lost = await busy({ tooLongBeforeMs: UNTIL_MS - 300_000, lines }, stored.slice(0, -1));
  assert.deepEqual('found' in lost.told && [lost.told.found, lost.told.missing], [19, 'line 39.']);
});

test('should look up no line of a halved time whose neighbours were not read: their records would answer for it', async () => {
  // 800 s are left. The first lines are 1 s after their beginning, and what was written 1 s before it is in the store.
  const beginMs = UNTIL_MS - 800_000;
  const lines: [number, string][] = [
    [beginMs + 1_500, 'again'],
    [UNTIL_MS - 10_000, 'last'],
  ];
  const stored = [record(beginMs - 100, 'again'), record(UNTIL_MS - 10_000, 'last')];
  const { told } = await busy({ tooLongBeforeMs: beginMs, lines }, stored);
  assert.deepEqual('found' in told && [told.lines, told.found, told.missing], [1, 1, null]);
});

test('should not read a container that writes too much for the shortest time, or nothing in what is left', async () => {
  const always = await busy({ tooLongBeforeMs: Infinity, lines: [] }, []);
  assert.equal(always.told.kind, 'disk-unread');
  assert.match('reason' in always.told ? always.told.reason : '', /more than the 16777216 bytes/);
  const shortest = UNTIL_MS - (always.asked.at(-1) ?? 0);
  assert.ok(shortest > 4_000 && shortest < 10_000, String(shortest));
  const silent = await busy({ tooLongBeforeMs: UNTIL_MS - 300_000, lines: [] }, []);
  assert.equal(silent.told.kind, 'disk-unread');
});

test('should take the declared key of the message for its value, of the last lines of a container', async () => {
  const line = JSON.stringify({ lvl: 'info', summary: 'ok', logger: 'bids.desk' });
  const stored = looking(
    () => [record(UNTIL_MS - 1_000, 'ok')],
    () => at(UNTIL_MS - 1_000, line),
  );
  const found = async (of: Looking): Promise<unknown> => {
    const told = await recentOf(podOf('p'), of);
    return 'found' in told ? told.found : told.reason;
  };
  assert.equal(await found({ ...stored, messageKey: 'log.summary' }), 1);
  assert.equal(await found(stored), 0);
});
