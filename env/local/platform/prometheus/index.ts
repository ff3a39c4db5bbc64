/** Prometheus: one server that scrapes the platform's pods. */
import { OBSERVABILITY, type PlatformContext } from '../context.ts';
import { render } from '../manifests.ts';
import type { KubeObject } from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import { prometheusConfig } from './config.ts';
import { rulesOf } from './objectives.ts';

/** Every object of it, with what it scrapes and its rules as files. */
export function prometheusObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  const values = {
    'prometheus.yml': prometheusConfig(context),
    ...(context.with.includes('telemetry') && { 'rules.yml': rulesOf(context.instance) }),
  };
  return render(context, secrets, { folder: 'prometheus', values });
}

const READY_DEADLINE_MS = 120_000; // a few seconds on an idle machine

/** Waits until the server answers queries. */
export async function waitPrometheus(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: OBSERVABILITY,
    workload: 'deployment/prometheus',
    deadlineMs: READY_DEADLINE_MS,
  });
}
