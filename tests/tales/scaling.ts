import { all, changed } from './tale.ts';
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
];
