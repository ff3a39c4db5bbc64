/** Settings of the store of log lines, and the fields of a line. */
import { DATA, INNER_PORT, JOINED_PORT } from '../elasticsearch/config.ts';

/** With 384 MB it refused lines that came in bulk (429), and was not ready meanwhile. */
export const HEAP = '640m';
/** Accounts of the gate before it: who reads, and who ships. */
export const USERS = ['plumbline', 'shipper'] as const;
export const TEMPLATE = 'logs';

/** elasticsearch.yml of a single node. JSON is YAML. `${…}` is filled from the environment of the container. */
export const LOGSTORE_CONFIG = JSON.stringify(
  {
    'cluster.name': 'logs',
    'node.name': '${POD_NAME}',
    'node.roles': ['master', 'data'],
    'discovery.type': 'single-node',
    'path.data': DATA,
    'path.logs': '/tmp',
    'http.host': '127.0.0.1',
    'http.port': INNER_PORT,
    'transport.host': '127.0.0.1',
    'readiness.port': JOINED_PORT,
    'cluster.routing.allocation.disk.threshold_enabled': false,
    'node.store.allow_mmap': false,
  },
  null,
  2,
);

const keyword = { type: 'keyword', ignore_above: 512 };

/** Fields that are searched. What else a line has is kept and not indexed: a service's own fields make no mapping grow. */
export const INDEX_TEMPLATE = {
  index_patterns: ['logs-*'],
  template: {
    settings: { number_of_shards: 1, number_of_replicas: 0, refresh_interval: '1s' },
    mappings: {
      dynamic: false,
      properties: {
        '@timestamp': { type: 'date' },
        message: { type: 'text', norms: false },
        service: keyword,
        level: keyword,
        stream: keyword,
        trace_id: keyword,
        span_id: keyword,
        mark: keyword,
        n: { type: 'long', ignore_malformed: true },
        kubernetes: {
          properties: { node: keyword, namespace: keyword, pod: keyword, container: keyword },
        },
      },
    },
  },
};

const DAY_MS = 86_400_000;
/** Lines of earlier days go when the environment is provisioned again: local environments serve nobody. */
const KEPT_DAYS = 3;

/** Of these indices those whose day is too long ago. */
export function outdated(indices: readonly string[], nowMs: number): string[] {
  return indices.filter((name) => {
    const found = /^logs-(\d{4})\.(\d\d)\.(\d\d)$/.exec(name);
    if (found === null) return false;
    const [year = 0, month = 1, day = 1] = found.slice(1).map(Number);
    return Date.UTC(year, month - 1, day) < nowMs - KEPT_DAYS * DAY_MS;
  });
}
