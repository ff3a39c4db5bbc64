import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { fileOf, named, objectsWith } from '../_testing/platform.ts';
import type { KubeObject } from '../objects.ts';
import { prometheusConfig } from '../prometheus/config.ts';

const STORES = ['postgres', 'redis', 'rabbitmq', 'elasticsearch', 'neo4j'];

interface Template {
  spec: { template: { spec: { containers: { args?: string[]; ports: { name: string }[] }[] } } };
}
const containerOf = (object: KubeObject | undefined) => {
  const [container] = (object as unknown as Template).spec.template.spec.containers;
  assert.ok(container);
  return container;
};

test('should ask Prometheus for the very queue that it scrapes, and scale by that metric', () => {
  const objects = objectsWith([...STORES, 'ai']);
  const { args = [] } = containerOf(named(objects, 'Deployment', 'prometheus-adapter'));
  assert.ok(args.includes('--prometheus-url=http://prometheus.observability.svc.cluster.local:9090'));
  const { externalRules } = parse(fileOf(objects, 'prometheus-adapter', 'config.yaml')) as {
    externalRules: { seriesQuery: string; metricsQuery: string; name: { as: string } }[];
  };
  const [rule] = externalRules;
  const queue = '{vhost="tender",queue="tender.jobs"}';
  assert.deepEqual(
    [rule?.seriesQuery, rule?.metricsQuery],
    [`rabbitmq_detailed_queue_messages_ready${queue}`, `max(<<.Series>>${queue})`],
  );
  const { spec } = named(objects, 'HorizontalPodAutoscaler', 'tender-ai') as unknown as {
    spec: Record<string, unknown> & { metrics: { external: { metric: object; target: object } }[] };
  };
  assert.deepEqual([spec['minReplicas'], spec['maxReplicas']], [2, 4]);
  assert.deepEqual(spec.metrics, [
    {
      type: 'External',
      external: {
        metric: { name: rule?.name.as },
        target: { type: 'AverageValue', averageValue: '10' },
      },
    },
  ]);
});

test('should be found behind its API, and be allowed to ask who asks, and nothing else', () => {
  const objects = objectsWith([...STORES, 'ai']);
  const api = named(objects, 'APIService', 'v1beta1.external.metrics.k8s.io');
  const { service, group } = api?.['spec'] as { service: { name: string; namespace: string }; group: string };
  assert.deepEqual(
    [service, group],
    [{ name: 'prometheus-adapter', namespace: 'kube-system' }, 'external.metrics.k8s.io'],
  );
  assert.equal(named(objects, 'Service', service.name)?.metadata.namespace, service.namespace);
  const rules = named(objects, 'ClusterRole', 'prometheus-adapter')?.['rules'] as { resources: string[] }[];
  assert.deepEqual(
    rules.flatMap(({ resources }) => resources),
    ['tokenreviews', 'subjectaccessreviews'],
  );
});

test('should have RabbitMQ tell of its queues, and Prometheus ask, only where the AI service is provisioned', () => {
  const scrape = (words: readonly string[]) => {
    const { scrape_configs: all } = parse(prometheusConfig({ with: words })) as {
      scrape_configs: Record<string, unknown>[];
    };
    return all.find((one) => one['job_name'] === 'rabbitmq');
  };
  const told = (words: readonly string[]) => {
    const objects = objectsWith(words);
    const config = named(objects, 'ConfigMap', 'rabbitmq-config')?.['data'] as Record<string, string>;
    return {
      plugins: config['enabled_plugins'] ?? '',
      ports: containerOf(named(objects, 'StatefulSet', 'rabbitmq')).ports.map(({ name }) => name),
      service: named(objects, 'Service', 'rabbitmq-pods') !== undefined,
    };
  };
  const without = told(['rabbitmq']);
  assert.ok(
    !without.plugins.includes('prometheus') && !without.ports.includes('metrics') && !without.service,
  );
  assert.equal(scrape(['rabbitmq']), undefined);
  const all = told([...STORES, 'ai']);
  assert.ok(all.plugins.includes('rabbitmq_prometheus') && all.ports.includes('metrics') && all.service);
  const { metrics_path: path, params } = scrape([...STORES, 'ai']) ?? {};
  assert.deepEqual(
    [path, params],
    ['/metrics/detailed', { vhost: ['tender'], family: ['queue_coarse_metrics'] }],
  );
});
