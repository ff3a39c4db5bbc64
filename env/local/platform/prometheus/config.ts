/** What Prometheus scrapes and holds rules against. Settings: Prometheus 2.42's documentation. */
import { stringify } from 'yaml';
import type { PlatformContext } from '../context.ts';
import { podsOf, scrapedIn } from './services.ts';

const SCRAPE_SECONDS = 5;
const ALERTMANAGER = 'alertmanager.observability.svc.cluster.local:9093';

/** prometheus.yml. Pods are found through DNS: Debian builds Prometheus without Kubernetes' service discovery. */
export function prometheusConfig(context: Pick<PlatformContext, 'with'>): string {
  const alerts = {
    rule_files: ['rules.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [ALERTMANAGER] }] }] },
  };
  return stringify({
    global: {
      scrape_interval: `${SCRAPE_SECONDS}s`,
      scrape_timeout: `${SCRAPE_SECONDS - 1}s`,
      evaluation_interval: `${SCRAPE_SECONDS}s`,
    },
    ...(context.with.includes('telemetry') && alerts),
    scrape_configs: [
      { job_name: 'prometheus', static_configs: [{ targets: ['127.0.0.1:9090'] }] },
      ...scrapedIn(context).map(({ job, namespace, port, path, parameters }) => ({
        job_name: job,
        ...(path !== undefined && { metrics_path: path }),
        ...(parameters !== undefined && { params: mapped(parameters) }),
        dns_sd_configs: [
          {
            names: [`${podsOf(job)}.${namespace}.svc.cluster.local`],
            type: 'A',
            port,
            refresh_interval: `${SCRAPE_SECONDS}s`,
          },
        ],
        relabel_configs: [{ target_label: 'namespace', replacement: namespace }],
      })),
    ],
  });
}

/** Prometheus takes a list of values for each. */
function mapped(parameters: Readonly<Record<string, string>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, [value]]));
}
