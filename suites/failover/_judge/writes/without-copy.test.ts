import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FailoverSeries } from '../index.ts';
import { said, Synthetic } from '../../../../reports/judge/failover/_testing/synthetic.ts';

const NO_DATA = ['postgres-master-0', 'postgres-master-1'];
const DATA = { name: 'postgres', members: 3 };
const AT = 16_503;

/** The store of the synthetic trial, with two members more that hold no data. */
function storeOf(more: Record<string, unknown> = {}): Record<string, unknown> {
  const sets = [DATA, { name: 'postgres-master', members: NO_DATA.length }];
  return {
    members: 5,
    statefulSets: { namespace: 'tender', sets },
    patroni: {},
    index: { replicas: 2 },
    clientLoad: { writesPerSecond: 200, readsPerSecond: 20 },
    ...more,
  };
}

function trialWith(
  excused: readonly string[],
  store = storeOf(),
  more: Record<string, unknown> = {},
): Synthetic {
  const settings = { members: 5, rtoDeadlineMs: 60_000, stores: { postgres: store }, ...more };
  const trial = new Synthetic({ settings });
  const plan = trial.observations.find(({ kind }) => kind === 'readback-plan');
  Object.assign(plan ?? {}, { sources: ['postgres-0', 'postgres-1', 'postgres-2', ...NO_DATA] });
  for (const source of excused) without(trial, source);
  return trial;
}

function without(trial: Synthetic, source: string, more: Record<string, unknown> = {}): Synthetic {
  const said = { source, because: 'roles', copies: 3, seen: 'copies on postgres-0, postgres-1, postgres-2' };
  return trial.see(AT, 'readback-without', { ...said, ...more });
}

/** The whole judgement, evidence included. */
function judged(trial: Synthetic): { verdict: string; said: string } {
  const { verdict, rules = [] } = new FailoverSeries().add(trial.history());
  return { verdict, said: said({ rules }) };
}

function lose(trial: Synthetic, source: string): Synthetic {
  trial.observations = trial.observations.filter(
    (seen) => seen.kind !== 'readback' || !('source' in seen) || seen.source !== source,
  );
  return trial;
}

describe('members that hold no copy', () => {
  it('should need no read-back where the cluster itself says so', () => {
    const { verdict, said: text } = judged(trialWith(NO_DATA));
    assert.equal(verdict, 'pass', text);
  });

  it('should need one where nothing says so', () => {
    const { verdict, said: text } = judged(trialWith(NO_DATA.slice(0, 1)));
    assert.equal(verdict, 'inconclusive');
    assert.match(text, /not read back: postgres-master-1/);
  });

  it('should not let a copy that was not read hide behind that word', () => {
    const missing = lose(trialWith(NO_DATA), 'postgres-2');
    assert.match(judged(missing).said, /not read back: postgres-2/);
    const hidden = lose(trialWith([...NO_DATA, 'postgres-2']), 'postgres-2');
    const { verdict, said: text } = judged(hidden);
    assert.equal(verdict, 'inconclusive');
    assert.match(text, /of 3 declared copies 3 are listed and 2 were read back/);
  });

  it('should hold the number of copies to the declared one, which must be known', () => {
    const fewer = trialWith([]);
    for (const source of NO_DATA) without(fewer, source, { copies: 2 });
    assert.match(judged(fewer).said, /of 3 declared copies 2 are listed/);
    const unknown = trialWith(NO_DATA, storeOf({ index: undefined }));
    assert.equal(judged(unknown).verdict, 'inconclusive');
    assert.match(judged(unknown).said, /an unknown number of declared copies/);
  });

  it('should be contradicted by a member that was read back all the same', () => {
    const { verdict, said: text } = judged(
      without(trialWith(NO_DATA), 'postgres-2', { because: 'elsewhere' }),
    );
    assert.equal(verdict, 'inconclusive');
    assert.match(text, /postgres-2 was read back, and is said to hold no copy/);
  });

  it('should be contradicted by a member whose roles allow no data and that led it', () => {
    const led = trialWith(NO_DATA).see(6_500, 'leader', { leader: 'postgres-master-0', pollMs: 100 });
    const { verdict, said: text } = judged(led);
    assert.equal(verdict, 'inconclusive');
    assert.match(text, /postgres-master-0 led the data, which its roles do not allow/);
  });

  /** The trial with the fault at these members, as that was planned. */
  const aimed = (target: string, hit: readonly string[]): string => {
    const trial = trialWith(NO_DATA, storeOf(), { failover: { target } });
    for (const seen of trial.observations)
      if (seen.kind === 'fault-armed')
        Object.assign(seen, { target: hit.join(', '), members: hit.map((name) => ({ name })) });
    return judged(trial).said;
  };

  it('should be no replica that a fault was to hit', () => {
    assert.match(
      aimed('replica', ['postgres-master-0']),
      /the target was replica, but the fault hit postgres-master-0/,
    );
    assert.doesNotMatch(aimed('replica', ['postgres-1']), /the target was replica/);
  });

  it('should count for no majority: that is one of the copies', () => {
    assert.doesNotMatch(aimed('majority', ['postgres-0', 'postgres-1']), /number of members hit/);
    assert.match(
      aimed('majority', ['postgres-0', 'postgres-1', ...NO_DATA]),
      /the number of members hit is 4, planned was 2/,
    );
  });

  it('should be a declared member', () => {
    assert.match(judged(trialWith([...NO_DATA, 'other-0'])).said, /other-0 is not a declared member/);
  });

  it('should count them too where labels choose the members', () => {
    const pods = { namespace: 'tender', labels: { app: 'x' } };
    const byLabels = storeOf({ statefulSets: undefined, pods });
    assert.equal(
      judged(trialWith(NO_DATA, byLabels)).verdict,
      'pass',
      judged(trialWith(NO_DATA, byLabels)).said,
    );
    assert.equal(judged(trialWith(NO_DATA.slice(0, 1), byLabels)).verdict, 'inconclusive');
  });
});
