import { servedBy } from './served-by.ts';
import { all, changed, seen } from './tale.ts';
import type { Bend, Tale } from './tale.ts';

/** So many requests of one second failed. */
const failed = (count: number): Bend =>
  all(
    changed('load-second', ({ good, bad }, index) =>
      index === 5 ? { good: good - count, bad: bad + count } : {},
    ),
    changed('load', ({ checks }, index) =>
      index === 0
        ? {
            checks: checks.map((one) =>
              one.group === '' ? { ...one, passes: one.passes - count, fails: one.fails + count } : one,
            ),
          }
        : {},
    ),
  );

/** While the load lasted, these pods answered. */
const answeredBy =
  (asked: number, ...names: string[]): Bend =>
  (history) => {
    const endMs = history.observations.find(({ kind }) => kind === 'load-ended')?.t ?? 0;
    const pods = names.map((pod) => ({ pod, answers: asked / names.length }));
    return all(
      servedBy,
      seen({ kind: 'answered-by', t: endMs - 1, beganMs: endMs - 1000, asked, pods }),
    )(history);
  };

const POD = 'tender-api-6c84b56594-';

export const TALES: readonly Tale[] = [
  {
    number: 74,
    check: 'scaling/backend/down',
    says: '1 of 7,078 requests failed, of a service that answers 99.9 % well',
    must: 'pass',
    bend: failed(1),
  },
  {
    check: 'scaling/backend/down',
    says: '8 of 7,078 requests failed, of a service that answers 99.9 % well',
    must: 'fail',
    rule: 'behaviour',
    bend: failed(8),
  },
  {
    number: 65,
    check: 'scaling/pods/startup',
    says: 'all starts were on one node, and the sentence says so',
    must: 'pass',
    bend: changed('pod-started', () => ({ node: 'worker-1' })),
  },
  {
    number: 63,
    check: 'scaling/backend/up',
    says: 'CPU rose by another job in the pods, and a cache answered the load',
    must: 'inconclusive',
    rule: 'seen',
    bend: answeredBy(60),
  },
  {
    check: 'scaling/backend/up',
    says: 'pods of another application answered',
    must: 'inconclusive',
    rule: 'seen',
    bend: answeredBy(60, 'shop-6c84b56594-v4q49', 'shop-6c84b56594-v4q48', 'shop-6c84b56594-v4q47'),
  },
  {
    number: 64,
    check: 'scaling/backend/up',
    says: 'the new pod is ready and gets no request',
    must: 'fail',
    rule: 'behaviour',
    bend: answeredBy(60, `${POD}v4q49`, `${POD}x2b7c`),
  },
  {
    check: 'scaling/backend/up',
    says: 'a handful of requests passed over one of three pods',
    must: 'inconclusive',
    bend: answeredBy(6, `${POD}v4q49`, `${POD}x2b7c`),
  },
  {
    check: 'scaling/backend/up',
    says: 'a proxy keeps each client at one pod',
    must: 'inconclusive',
    rule: 'seen',
    bend: answeredBy(60, `${POD}v4q49`),
  },
  {
    check: 'scaling/backend/up',
    says: 'a header names pods, and nobody asked which answer',
    must: 'inconclusive',
    rule: 'seen',
    bend: servedBy,
  },
  {
    check: 'scaling/backend/up',
    says: 'all three pods answer',
    must: 'pass',
    bend: answeredBy(60, `${POD}v4q49`, `${POD}x2b7c`, `${POD}m9d4z`),
  },
];
