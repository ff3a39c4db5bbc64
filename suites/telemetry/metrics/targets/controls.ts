import { removed } from '../../_following/controls.ts';
import { controlsFor } from '../../../harness/control.ts';

export const controls = controlsFor('telemetry/metrics/targets', {
  'target-removed': { ...removed, seen: /job tender-api.*no target/ },
});
