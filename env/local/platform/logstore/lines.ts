/** The fields of a log line, and how long lines are kept. */

export const TEMPLATE = 'logs';

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
/** When the environment is provisioned again, older lines are deleted: nobody needs the logs of a test bed for longer. */
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
