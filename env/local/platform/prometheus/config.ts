/** What Prometheus scrapes: every pod of the platform that says so by annotations. Settings: Prometheus 2.42's documentation. */
import { stringify } from 'yaml';

export const SCRAPE_SECONDS = 5;

/** A pod that is scraped carries this, and the port that answers `/metrics`. */
export const SCRAPED = 'prometheus.io/scrape';
export const SCRAPED_PORT = 'prometheus.io/port';

/** Annotations of the pods of a service that answers `/metrics` at `port`. */
export function scraped(port: number): Record<string, string> {
  return { [SCRAPED]: 'true', [SCRAPED_PORT]: String(port) };
}

const META = '__meta_kubernetes_pod';
/** Kubernetes turns what is no letter or digit into `_` in the names of meta labels. */
const meta = (annotation: string): string =>
  `${META}_annotation_${annotation.replaceAll(/[^A-Za-z0-9]/g, '_')}`;

/** prometheus.yml for pods of these namespaces. */
export function prometheusConfig(namespaces: readonly string[]): string {
  return stringify({
    global: { scrape_interval: `${SCRAPE_SECONDS}s`, scrape_timeout: `${SCRAPE_SECONDS - 1}s` },
    scrape_configs: [
      { job_name: 'prometheus', static_configs: [{ targets: ['127.0.0.1:9090'] }] },
      {
        job_name: 'pods',
        kubernetes_sd_configs: [{ role: 'pod', namespaces: { names: namespaces } }],
        relabel_configs: [
          { source_labels: [meta(SCRAPED)], action: 'keep', regex: 'true' },
          // Pods that have ended answer nobody, and are no target that is down.
          { source_labels: [`${META}_phase`], action: 'keep', regex: 'Running|Pending' },
          {
            source_labels: [`${META}_ip`, meta(SCRAPED_PORT)],
            regex: '(.+);(.+)',
            target_label: '__address__',
            replacement: '$1:$2',
          },
          // A container port each would be a target each.
          { source_labels: [`${META}_container_init`], action: 'drop', regex: 'true' },
          { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
          { source_labels: [`${META}_name`], target_label: 'pod' },
          { source_labels: [`${META}_node_name`], target_label: 'node' },
          { source_labels: [`${META}_label_app_kubernetes_io_name`], target_label: 'job' },
        ],
      },
    ],
  });
}
