import { removed } from '../../_following/controls.ts';
import { controlsFor } from '../../../harness/control.ts';

export const controls = controlsFor('telemetry/metrics/freshness', {
  'target-removed': { ...removed, seen: /series .*job="tender-api".*ago/ },
});
