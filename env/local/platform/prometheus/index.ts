/** Prometheus: one server that scrapes the platform's pods. */
import { OBSERVABILITY, type PlatformContext } from '../context.ts';
import { render } from '../manifests.ts';
import { part } from '../part.ts';
import { waitRollout } from '../rollout.ts';
import { prometheusConfig } from './config.ts';
import { rulesOf } from './objectives.ts';

export const prometheus = part({
  name: 'prometheus',
  objects: (context, secrets) => {
    const values = {
      'prometheus.yml': prometheusConfig(context),
      ...(context.with.includes('telemetry') && { 'rules.yml': rulesOf(context.instance) }),
    };
    return render(context, secrets, { folder: 'prometheus', values });
  },
  wait: waitPrometheus,
});

const READY_DEADLINE_MS = 120_000; // a few seconds on an idle machine

/** Waits until the server answers queries. */
async function waitPrometheus(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: OBSERVABILITY,
    workload: 'deployment/prometheus',
    deadlineMs: READY_DEADLINE_MS,
  });
}
