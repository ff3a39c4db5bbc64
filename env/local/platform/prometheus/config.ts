/** What Prometheus scrapes. Settings: Prometheus 2.42's documentation. */
import { stringify } from 'yaml';
import { SYSTEM, TENDER } from '../context.ts';

export const SCRAPE_SECONDS = 5;

/** A service whose pods answer `/metrics`. */
interface Scraped {
  /** Of every series. */
  job: string;
  namespace: string;
  port: number;
  /** Only with this part of the platform. */
  part?: string;
}

const SCRAPED: readonly Scraped[] = [
  { job: 'tender-api', namespace: TENDER, port: 8080 },
  { job: 'device-plugin', namespace: SYSTEM, port: 9400, part: 'gpu' },
];

/** The headless Service whose names are the pods of a service, ready or not: what does not answer is a target that is down, not one that is missing. */
export function podsOf(service: string): string {
  return `${service}-pods`;
}

/**
 * prometheus.yml. Pods are found through DNS: Debian builds Prometheus without Kubernetes' service discovery.
 * @param raised the stores and parts that are raised
 */
export function prometheusConfig(raised: readonly string[]): string {
  const scraped = SCRAPED.filter(({ part }) => part === undefined || raised.includes(part));
  return stringify({
    global: { scrape_interval: `${SCRAPE_SECONDS}s`, scrape_timeout: `${SCRAPE_SECONDS - 1}s` },
    scrape_configs: [
      { job_name: 'prometheus', static_configs: [{ targets: ['127.0.0.1:9090'] }] },
      ...scraped.map(({ job, namespace, port }) => ({
        job_name: job,
        dns_sd_configs: [
          {
            names: [`${podsOf(job)}.${namespace}.svc.cluster.local`],
            ...{ type: 'A', port, refresh_interval: `${SCRAPE_SECONDS}s` },
          },
        ],
        relabel_configs: [{ target_label: 'namespace', replacement: namespace }],
      })),
    ],
  });
}
