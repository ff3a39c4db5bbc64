import type { Control } from '../../../harness/control.ts';

/** Twenty are enough to show that none is quick. */
const STARTS = 20;

const SLOW_READINESS_SECONDS = 8;

export const controls: readonly Control[] = [
  {
    id: 'scaling/pods/startup/slow-readiness',
    check: 'scaling/pods/startup',
    verdict: 'fail',
    size: 'any',
    title: `the readiness probe of the pods starts after ${SLOW_READINESS_SECONDS} s`,
    expectSeen: /p99 .*above/,
    settings: { settings: { startup: { pods: STARTS, readinessDelaySeconds: SLOW_READINESS_SECONDS } } },
    break: () => Promise.resolve(),
  },
];
