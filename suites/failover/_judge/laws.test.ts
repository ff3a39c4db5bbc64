/** Laws of a trial's record: whatever a made-up store does to the writes of a client, what is claimed of it is true. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { START, Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';
import { failoverRecord } from './index.ts';

/** Always the same ones, so that all see the same. */
const RUNS = { seed: 1, numRuns: 150 };
/** As of the client load: connections, how long a write waits for one and for its answer, ms. */
const CLIENT = { connections: 16, waitMs: 500, deadlineMs: 1000 };
const FAULT_MS = 5_000;
const STEADY_MS = 5_000;

/**
 * `refusing`: connections are refused, and those that were there broken. `silent`: packets vanish. `taking`: clients log in, and nothing is
 * acknowledged, as by a new leader that waits for its replica.
 */
type Way = 'refusing' | 'silent' | 'taking';
interface Outage {
  /** Up to here the store works again, ms; longer than a write waits, so that none hangs from one outage into the next. */
  afterMs: number;
  phases: readonly { way: Way; lengthMs: number }[];
}
interface Play {
  /** Over before the fault. */
  earlier: number;
  outages: readonly Outage[];
  /** By how much every hundredth write is sent too late, ms. */
  lateMs: number;
  /** How long after the outage writes that hung in it are answered, ms. */
  answeredMs: number;
  /** First answers on new connections take this long, ms. */
  loginMs: number;
  /** One write that was sent so long before the fault was slow, and then broken by it, ms. */
  slowMs: number;
}
interface Phase {
  way: Way;
  fromMs: number;
  toMs: number;
  /** When the store works again. */
  backMs: number;
}

const up = fc.oneof(fc.integer({ min: 1_100, max: 4_500 }), fc.integer({ min: 5_600, max: 7_000 }));
const phase = fc.record({
  way: fc.constantFrom('refusing', 'silent', 'taking'),
  lengthMs: fc.integer({ min: 30, max: 2_500 }),
});
const outage: fc.Arbitrary<Outage> = fc.record({
  afterMs: up,
  phases: fc.array(phase, { minLength: 1, maxLength: 3 }),
});
const play: fc.Arbitrary<Play> = fc.record({
  earlier: fc.constantFrom(0, 500, 2_000),
  outages: fc.array(outage, { minLength: 1, maxLength: 3 }),
  lateMs: fc.constantFrom(0, 0, 8, 30),
  answeredMs: fc.integer({ min: 0, max: 200 }),
  loginMs: fc.integer({ min: 0, max: 20 }),
  slowMs: fc.integer({ min: 0, max: 200 }),
});

function phasesOf({ earlier, outages }: Play): Phase[] {
  const phases: Phase[] =
    earlier === 0 ? [] : [{ way: 'refusing', fromMs: 1_000, toMs: 1_000 + earlier, backMs: 1_000 + earlier }];
  let at = FAULT_MS;
  for (const [index, one] of outages.entries()) {
    if (index > 0) at += one.afterMs;
    const backMs = at + one.phases.reduce((sum, { lengthMs }) => sum + lengthMs, 0);
    for (const { way, lengthMs } of one.phases) {
      phases.push({ way, fromMs: at, toMs: at + lengthMs, backMs });
      at += lengthMs;
    }
  }
  return phases;
}

/** The longest time without 5 s of service in it, since the fault: the RTO. Where all writes are answered in the end, they were slow, and nothing was out. */
function truthOf(phases: readonly Phase[], writes: Synthetic['writes']): number {
  const failed = writes.filter(({ outcome }) => outcome !== 'ok');
  const isSeen = ({ backMs }: Phase): boolean => {
    const fromMs = Math.min(...phases.filter((one) => one.backMs === backMs).map((one) => one.fromMs));
    return failed.some(({ intended, done }) => done - START >= fromMs && intended - START < backMs);
  };
  const episodes: { fromMs: number; toMs: number }[] = [];
  for (const one of phases.filter((of) => of.fromMs >= FAULT_MS && isSeen(of))) {
    const last = episodes.at(-1);
    if (last !== undefined && one.fromMs - last.toMs < STEADY_MS) last.toMs = one.toMs;
    else episodes.push({ fromMs: one.fromMs, toMs: one.toMs });
  }
  return Math.max(...episodes.map(({ fromMs, toMs }) => toMs - fromMs));
}

interface Answer {
  outcome: 'ok' | 'fail' | 'unknown';
  doneMs: number;
  detail?: string;
}
interface Sent {
  sentMs: number;
  index: number;
  phases: readonly Phase[];
  of: Play;
}

/** What becomes of a write that is sent while the store works. */
function answeredUp({ sentMs, phases, of }: Sent): Answer {
  const broken = phases.find(({ fromMs }) => sentMs < fromMs && fromMs <= sentMs + 1);
  if (broken !== undefined) return { outcome: 'unknown', doneMs: broken.fromMs + 0.5, detail: 'ECONNRESET' };
  const isNew = phases.some(({ backMs }) => backMs <= sentMs && sentMs < backMs + 20);
  return isNew
    ? { outcome: 'ok', doneMs: sentMs + 1 + of.loginMs, detail: 'opened=1.0' }
    : { outcome: 'ok', doneMs: sentMs + 1 };
}

/** What becomes of one that is sent in this phase of an outage. */
function answeredDown(now: Phase, { sentMs, index, phases, of }: Sent): Answer {
  if (now.way === 'refusing')
    return { outcome: 'fail', doneMs: sentMs + 0.4, detail: 'connect: ECONNREFUSED' };
  const isTaken = now.way === 'taking';
  const note = isTaken ? { detail: 'opened=1.0' } : {};
  const limitMs = sentMs + CLIENT.deadlineMs;
  const reset = phases.find(
    ({ way, fromMs, backMs }) => way === 'refusing' && backMs === now.backMs && fromMs > sentMs,
  );
  if (reset !== undefined && reset.fromMs + 0.4 < limitMs)
    return { outcome: 'unknown', doneMs: reset.fromMs + 0.4, ...note };
  // Some of what hung in retransmission is answered, some never; who has logged in is answered as soon as it can be.
  const backMs = now.backMs + (isTaken ? 0.5 + of.loginMs : of.answeredMs);
  const isAnswered = backMs < limitMs && (isTaken || index % 2 === 0);
  return isAnswered
    ? { outcome: 'ok', doneMs: backMs, ...note }
    : { outcome: 'unknown', doneMs: limitMs, ...note };
}

function answered(sent: Sent): Answer {
  const now = sent.phases.find(({ fromMs, toMs }) => fromMs <= sent.sentMs && sent.sentMs < toMs);
  return now === undefined ? answeredUp(sent) : answeredDown(now, sent);
}

/** The trial as a client records it that has so many connections. */
function played(of: Play): { trial: Synthetic; phases: Phase[] } {
  const phases = phasesOf(of);
  const trial = new Synthetic({ lengthMs: (phases.at(-1)?.toMs ?? 0) + 7_000, outages: [] });
  const freeMs = Array.from({ length: CLIENT.connections }, () => 0);
  const slow = trial.writes.findIndex(({ intended }) => intended - START >= FAULT_MS - of.slowMs);
  for (const [index, write] of trial.writes.entries()) {
    const dueMs = write.intended - START + 0.1 + (index % 100 === 0 ? of.lateMs : 0);
    const first = Math.min(...freeMs);
    const sentMs = Math.max(dueMs, first);
    if (sentMs - dueMs > CLIENT.waitMs) {
      const done = START + dueMs + CLIENT.waitMs;
      Object.assign(write, { sent: done, done, outcome: 'unsent', detail: '' });
      continue;
    }
    const { outcome, doneMs, detail }: Answer =
      index === slow
        ? { outcome: 'unknown', doneMs: FAULT_MS + 1, detail: 'ECONNRESET' }
        : answered({ sentMs, index, phases, of });
    freeMs[freeMs.indexOf(first)] = doneMs;
    const waited = sentMs > dueMs ? `waited=${(sentMs - dueMs).toFixed(3)}` : undefined;
    const notes = [waited, detail].filter((one) => one !== undefined).join(';');
    delete write.detail;
    Object.assign(write, { sent: START + sentMs, done: START + doneMs, outcome });
    if (notes !== '') write.detail = notes;
  }
  return { trial: trial.readBack(), phases };
}

describe('an RTO', () => {
  it('should hold the true length, whatever the store did, however late clients and answers were', () => {
    fc.assert(
      fc.property(play, (of) => {
        const { trial, phases } = played(of);
        const { rto } = failoverRecord(trial.history());
        const trueMs = truthOf(phases, trial.writes);
        assert.ok(
          rto !== null && rto.loMs <= trueMs && trueMs <= rto.hiMs,
          `${trueMs} in ${JSON.stringify(rto)}`,
        );
      }),
      RUNS,
    );
  });

  it('should be known to 50 ms where somebody could ask at both edges', () => {
    const edges = fc.record({
      ways: fc.constantFrom<Way[]>(
        ['refusing'],
        ['silent', 'refusing'],
        ['refusing', 'taking'],
        ['silent', 'refusing', 'taking'],
      ),
      lengthMs: fc.integer({ min: 100, max: 900 }),
      loginMs: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(edges, ({ ways, lengthMs, loginMs }) => {
        const phases = ways.map((way) => ({ way, lengthMs }));
        const outages = [{ afterMs: 0, phases }];
        const of = { earlier: 0, outages, lateMs: 0, answeredMs: 0, slowMs: 50, loginMs };
        const { rto, outages: seen } = failoverRecord(played(of).trial.history());
        assert.ok(rto !== null && rto.hiMs - rto.loMs <= 50, JSON.stringify(rto));
        assert.equal(seen.length, 1, 'what waited for a connection in vain belongs to it');
      }),
      RUNS,
    );
  });

  it('should pass where its goal is not below its upper bound, fail where it is below the lower one, and be open between', () => {
    const record = (goals: Record<string, unknown>) => failoverRecord(new Synthetic({ goals }).history());
    const { loMs, hiMs } = record({ rtoSeconds: 30, lostWrites: 0 }).rto ?? assert.fail();
    fc.assert(
      fc.property(fc.double({ min: loMs - 20, max: hiMs + 20, noNaN: true }), (goalMs) => {
        const { verdict, reason } = record({ rtoSeconds: goalMs / 1000, lostWrites: 0, minTrials: 1 });
        assert.equal(verdict, hiMs <= goalMs ? 'pass' : loMs > goalMs ? 'fail' : 'inconclusive', reason);
      }),
      { seed: 1, numRuns: 40 },
    );
  });
});

describe('the sums of writes', () => {
  const COUNT = 3_200;
  const fate = fc.record({
    n: fc.integer({ min: 1, max: 2_000 }), // the rest shows that the store is steady again
    outcome: fc.constantFrom('ok', 'fail', 'unknown', 'unsent'),
    isThere: fc.boolean(),
    times: fc.constantFrom(1, 1, 1, 2, 3),
  } as const);

  it('should count each write by what was said of it and by whether it is there, and fail for what is lost, refused and there, or there twice', () => {
    const fates = fc.uniqueArray(fate, { maxLength: 30, selector: ({ n }) => n });
    fc.assert(
      fc.property(fates, (changed) => {
        const trial = new Synthetic();
        for (const { n, outcome } of changed) trial.write(n).outcome = outcome;
        const lost = changed.filter((one) => one.outcome === 'ok' && !one.isThere).map(({ n }) => n);
        const extra = changed.filter((one) => one.outcome !== 'ok' && one.isThere).map(({ n }) => n);
        const twice = changed.filter(({ isThere, times }) => isThere && times > 1);
        const duplicates = twice.map(({ n, times }): [number, number] => [n, times]);
        const record = failoverRecord(trial.readBack({ lost, extra, duplicates }).history());
        const count = (outcome: string, isThere: boolean): number =>
          trial.writes.filter(
            (one) =>
              one.outcome === outcome &&
              (extra.includes(one.n) || (outcome === 'ok' && !lost.includes(one.n))) === isThere,
          ).length;
        const [present, recovered, unexpected] = [
          count('ok', true),
          count('unknown', true),
          count('fail', true),
        ];
        const [absent, failAbsent] = [count('unknown', false), count('fail', false)];
        const unsentThere = count('unsent', true);
        assert.deepEqual(record.writes, {
          scheduled: COUNT,
          ok: present + lost.length,
          fail: failAbsent + unexpected,
          unknown: absent + recovered,
          unsent: unsentThere + count('unsent', false),
          present,
          lost: lost.length,
          recovered,
          absent,
          failAbsent,
          unexpected,
          duplicates: duplicates.reduce((sum, [, times]) => sum + times - 1, 0),
        });
        const doneMs = lost.map((n) => trial.write(n).done);
        assert.equal(
          record.lossWindowMs,
          lost.length === 0 ? null : Math.max(...doneMs) - Math.min(...doneMs),
        );
        assert.deepEqual(
          record.lostNumbers,
          lost.toSorted((a, b) => a - b),
        );
        const isWrong = lost.length + unexpected + duplicates.length > 0;
        if (isWrong) assert.equal(record.verdict, 'fail', record.reason);
        else if (unsentThere > 0) assert.notEqual(record.verdict, 'pass', record.reason);
        else assert.equal(record.verdict, 'pass', record.reason);
      }),
      RUNS,
    );
  });
});
