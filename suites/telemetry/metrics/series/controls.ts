import { removed } from '../../_following/controls.ts';
import { controlsFor } from '../../../harness/control.ts';

export const controls = controlsFor('telemetry/metrics/series', {
  'target-removed': { ...removed, seen: /series .*job="tender-api".*none now/ },
});
