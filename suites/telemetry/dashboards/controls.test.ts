import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import type { KubeObject } from '../../harness/protocol.ts';
import type { Control } from '../../harness/control.ts';
import { controls } from './controls.ts';
import { contextOf } from '../../_testing/control-context.ts';

const small = await loadEnvironment('local-small');
const environment = small;
const UIDS = (small.telemetry?.dashboards?.declared ?? []).map(({ uid }) => uid);

/** The stand-in at its declared address. */
const LABELS = { app: 'grafana' };
const METADATA = { name: 'grafana-stub', namespace: 'observability' };
const listed: Record<string, object> = {
  'v1/Service': { metadata: METADATA, spec: { clusterIP: '198.19.128.93', selector: LABELS } },
  'apps/v1/Deployment': { metadata: METADATA, spec: { template: { metadata: { labels: LABELS } } } },
};

function controlOf(id: string): Control {
  return controls.find((one) => one.id === `telemetry/dashboards/${id}`) ?? assert.fail(id);
}

const judged = (seen: Seen[]) =>
  judge({ check: 'telemetry/dashboards', settings: { telemetry: small.telemetry }, seen });

/** What the check records where `errors` panels of three show an error. */
function sourceDown(errors: number): Seen[] {
  return [
    ['dashboard-server', { server: 'Grafana', ok: true, detail: '12' }],
    ['data-sources', { count: 1 }],
    [
      'data-source',
      { source: 'Prometheus (prometheus)', ok: false, detail: 'connect ECONNREFUSED 127.0.0.1:9090' },
    ],
    ...UIDS.flatMap((uid): Seen[] => [
      ['dashboard', { uid, found: true, panels: 3 }],
      ['rendered', { uid, status: 200, panels: 3, errors, data: [] }],
    ]),
  ];
}

test('should give the stand-in another data source and leave the rest of its pod as it is', async () => {
  const env = [
    { name: 'PORT', value: '3000' },
    { name: 'PROMETHEUS_URL', value: 'http://prometheus:9090' },
    { name: 'GRAFANA_TOKEN', valueFrom: { secretKeyRef: { name: 'grafana-credentials', key: 'token' } } },
  ];
  const ctx = contextOf({
    environment,
    list: ({ kind }) => Promise.resolve([listed[kind]].flatMap((one) => one ?? [])),
    get: (ref) =>
      Promise.resolve({
        ...ref,
        metadata: { name: ref.name, generation: 2 },
        spec: {
          replicas: 1,
          selector: { matchLabels: { app: 'grafana' } },
          template: { spec: { containers: [{ name: 'grafana-stub', image: 'i', env }] } },
        },
        status: { observedGeneration: 2, replicas: 1, readyReplicas: 1, updatedReplicas: 1 },
      } as unknown as KubeObject),
  });
  await controlOf('source-broken').break(ctx);
  const [changed, ...more] = ctx.noted.patches;
  assert.deepEqual([changed?.name, more], ['grafana-stub', []]);
  const { template } = changed?.patch['spec'] as { template: { spec: { containers: unknown[] } } };
  assert.deepEqual(template.spec.containers, [
    {
      name: 'grafana-stub',
      image: 'i',
      env: [env[0], env[2], { name: 'PROMETHEUS_URL', value: 'http://127.0.0.1:9090' }],
    },
  ]);
});

test('should want the data source named, and an error in every panel that a browser shows', async () => {
  const control = controlOf('source-broken');
  const ctx = contextOf({ environment });
  const red = judged(sourceDown(3));
  assert.equal(red.verdict, control.verdict);
  assert.match(red.reason, control.seen!);
  assert.equal(await control.verify?.(ctx, red), null);
  const partly = await control.verify?.(ctx, judged(sourceDown(2)));
  assert.equal(partly, `no error in every panel of ${UIDS.join(', ')}`);
  const unseen = judged([
    ...sourceDown(3).filter(([kind]) => kind !== 'rendered'),
    ['unavailable', { what: 'a browser', reason: 'no browser is installed' }],
  ]);
  assert.equal(unseen.verdict, 'fail');
  assert.match((await control.verify?.(ctx, unseen)) ?? '', /no error in every panel of/);
});

test('should wait until the stand-in has no pod, and want the check to say that it cannot know', async () => {
  const control = controlOf('gone');
  let pods = 2;
  const ctx = contextOf({
    environment,
    list: ({ kind }) => Promise.resolve([listed[kind] ?? assert.fail(kind)]),
    get: (ref) => {
      if (pods > 0) pods -= 1;
      return Promise.resolve({
        ...ref,
        metadata: { name: ref.name },
        status: pods === 0 ? {} : { replicas: pods, readyReplicas: pods },
      } as unknown as KubeObject);
    },
  });
  await control.break(ctx);
  assert.equal(pods, 0);
  assert.deepEqual(ctx.noted.patches, [{ name: 'grafana-stub', patch: { spec: { replicas: 0 } } }]);
  const { verdict, reason } = judged([
    ['unavailable', { what: 'Grafana', reason: 'connect ECONNREFUSED' }],
    ...UIDS.map((uid): Seen => ['not-rendered', { uid, reason: 'net::ERR_CONNECTION_REFUSED' }]),
  ]);
  assert.equal(verdict, control.verdict);
  assert.match(reason, control.seen!);
});
