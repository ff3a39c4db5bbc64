import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invent } from '../../_testing/histories.ts';
import { creditOf } from './answered.ts';
import type { Observed } from './observed.ts';

/** Two pods before the load, three after it; what follows where these answer sixty requests. */
function creditedTo(...names: string[]): ReturnType<typeof creditOf> {
  const deployment = { namespace: 'tender', name: 'api' };
  const history = invent({
    check: 'scaling/backend/up',
    settings: {
      application: { servedBy: 'x-pod' },
      topology: { edge: { backend: { deployment } }, workloads: [{ kind: 'Deployment', ...deployment }] },
    },
    seen: [
      [
        'answered-by',
        { t: 42_000, beganMs: 41_000, asked: 60, pods: names.map((pod) => ({ pod, answers: 20 })) },
      ],
    ],
  });
  return creditOf(history, {
    startMs: 1_000,
    replicas: [
      { t: 0, ready: 2 },
      { t: 2_000, ready: 4 },
    ],
    pods: ['bbbbb', 'ccccc'].map((suffix) => ({
      kind: 'scaled-pod',
      t: 0,
      pod: podOf(suffix),
      state: 'ready',
    })),
  } as unknown as Observed);
}

const podOf = (suffix: string): string => `api-6c84b56594-${suffix}`;

test('should fail where no new pod answers, and leave open what a proxy passes over beside those that do', () => {
  const old = [podOf('bbbbb'), podOf('ccccc')];
  assert.match(creditedTo(...old).failures.join(), /only 2 of the 4 pods/);
  const some = creditedTo(...old, podOf('ddddd'));
  assert.deepEqual([some.failures, some.gaps.length], [[], 1]);
  assert.deepEqual(creditedTo(...old, podOf('ddddd'), podOf('fffff')).gaps, []);
});
