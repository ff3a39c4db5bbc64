import { controlsFor } from '../../../harness/control.ts';

/** Twenty are enough to show that none is quick. */
const STARTS = 20;

const SLOW_READINESS_SECONDS = 8;

export const controls = controlsFor('scaling/pods/startup', {
  'slow-readiness': {
    title: `the readiness probe of the pods starts after ${SLOW_READINESS_SECONDS} s`,
    seen: /p99 .*above/,
    settings: { settings: { startup: { pods: STARTS, readinessDelaySeconds: SLOW_READINESS_SECONDS } } },
  },
});
