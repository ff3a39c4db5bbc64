/** Which objects the controls of telemetry change: on the reference platform, on one of another make, and where they have nothing to change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Environment } from '../../../env/schema.ts';
import { ALL, contextWith, imageSet } from '../../../env/local/platform/_testing/platform.ts';
import { platformObjects } from '../../../env/local/platform/index.ts';
import { contextOf } from '../../_testing/control-context.ts';
import { allControls } from '../../catalogue/loaded.ts';
import { NotApplicable } from '../../harness/control.ts';
import type { Control, ControlContext } from '../../harness/control.ts';
import type { KubeObject, ListParams, ObjectRef } from '../../harness/protocol.ts';

const controls = (await allControls()).filter(({ check }) => check.startsWith('telemetry/'));

const textOf = ({ kind, metadata: { namespace = '', name } }: KubeObject): string =>
  `${kind} ${namespace}/${name}`;

/** The pod that the first replica of a DaemonSet or StatefulSet has on node w1. */
function podOf({ kind, metadata }: KubeObject): KubeObject {
  const name = `${metadata.name}-0`;
  const ownerReferences = [{ apiVersion: 'apps/v1', kind, name: metadata.name, uid: 'u' }];
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name, ownerReferences } };
  return { ...pod, spec: { nodeName: 'w1', containers: [] }, status: {} };
}

interface Changed {
  ctx: ControlContext;
  /** `Service observability/jaeger`, in the order of the changes. */
  changed: string[];
}

/** A cluster with these objects, in which a Deployment has as many pods at once as it was told to have. */
function standing(environment: Environment, rendered: readonly object[]): Changed {
  const changed: string[] = [];
  const given = rendered as readonly KubeObject[];
  const replicas = new Map<string, number>();
  const objects = [...given, ...given.filter(({ kind }) => /^(Daemon|Stateful)Set$/.test(kind)).map(podOf)];
  const ctx = contextOf({
    environment,
    list: ({ kind, namespace }: ListParams) =>
      Promise.resolve(
        objects.filter(
          (one) =>
            `${one.apiVersion}/${one.kind}` === kind &&
            (namespace === undefined || one.metadata.namespace === namespace) &&
            !(one.kind === 'Pod' && changed.some((text) => text.startsWith('DaemonSet '))),
        ),
      ),
    get: ({ kind, namespace, name }: ObjectRef) => {
      const text = `${kind} ${namespace ?? ''}/${name}`;
      const found = objects.find((one) => textOf(one) === text);
      const count = replicas.get(text) ?? 1;
      const status = { replicas: count, readyReplicas: count };
      return Promise.resolve(found === undefined ? null : { ...found, status });
    },
  });
  ctx.patch = ({ kind, namespace, name }, { spec }) => {
    const text = `${kind} ${namespace ?? ''}/${name}`;
    changed.push(text);
    const { replicas: count } = (spec ?? {}) as { replicas?: number };
    if (count !== undefined) replicas.set(text, count);
    return Promise.resolve();
  };
  return { ctx, changed };
}

function controlOf(id: string): Control {
  return controls.find((one) => one.id === `telemetry/${id}`) ?? assert.fail(id);
}

async function changedBy(
  id: string,
  environment: Environment,
  rendered: readonly object[],
): Promise<string[]> {
  const { ctx, changed } = standing(environment, rendered);
  await controlOf(id).break(ctx);
  return changed;
}

/** Why each control that breaks nothing here does so. */
async function inapplicable(
  environment: Environment,
  rendered: readonly object[],
  ids: readonly string[],
): Promise<string[]> {
  const said: string[] = [];
  for (const id of ids) {
    const { ctx, changed } = standing(environment, rendered);
    const error: unknown = await controlOf(id)
      .break(ctx)
      .catch((thrown: unknown) => thrown);
    assert.ok(error instanceof NotApplicable, `${id}: ${String(error)}`);
    assert.deepEqual(changed, [], id);
    said.push(error.message);
  }
  return said;
}

for (const name of ['local', 'local-small'] as const)
  test(`should change on ${name} what has these names there`, async () => {
    const environment = await loadEnvironment(name);
    const objects = platformObjects(contextWith(ALL, name, imageSet(name)));
    const of = (id: string): Promise<string[]> => changedBy(id, environment, objects);
    const server = 'Deployment observability/prometheus';
    const reconfigured = [server, 'ConfigMap observability/prometheus-config', server];
    assert.deepEqual(await of('logs/canary/store-unreachable'), ['Service observability/logstore']);
    assert.deepEqual(await of('traces/canary/store-unreachable'), ['Service observability/jaeger']);
    assert.deepEqual(await of('alerts/fires/unreachable'), ['Service observability/alertmanager']);
    assert.deepEqual(await of('alerts/fires/unloaded'), reconfigured);
    assert.deepEqual(await of('alerts/rules/unloaded'), reconfigured);
    assert.deepEqual(await of('dashboards/gone'), ['Deployment observability/grafana-stub']);
    for (const id of ['logs/canary', 'logs/under-fault', 'logs/every-workload'])
      assert.deepEqual(await of(`${id}/shipper-stopped`), ['DaemonSet observability/log-shipper'], id);
  });

test('should change on a platform of another make what the environment declares there, or its addresses lead to', async () => {
  const words = ['postgres', 'telemetry'];
  const environment = await loadEnvironment('rehearsal', { with: words });
  const objects = platformObjects(contextWith(words, 'rehearsal', imageSet('rehearsal', words)));
  const of = (id: string): Promise<string[]> => changedBy(id, environment, objects);
  assert.deepEqual(await of('logs/canary/shipper-stopped'), ['DaemonSet shipping/lines']);
  assert.deepEqual(await of('logs/canary/store-unreachable'), ['Service watch/archive']);
  assert.deepEqual(await of('traces/canary/store-unreachable'), ['Service watch/spans']);
  const backend = 'and topology.edge.backend is bids/bid-desk';
  const asked = [
    'traces/canary/exporter-dropped',
    'correlation/id-stripped',
    'metrics/targets/target-removed',
    'logs/every-workload/shipper-stopped',
    'alerts/fires/unloaded',
    'alerts/rules/unloaded',
    'alerts/fires/unreachable',
    'dashboards/gone',
    'dashboards/source-broken',
  ];
  assert.deepEqual(await inapplicable(environment, objects, asked), [
    `only the reference backend has a switch for what it omits of its telemetry, ${backend}`,
    `only the reference backend has a switch for what it omits of its telemetry, ${backend}`,
    `only the reference backend has a Service that is there for Prometheus alone, ${backend}`,
    'no StatefulSet of PostgreSQL under Patroni is declared: of no other pod is it known that it always writes',
    'the environment declares no telemetry.alerts',
    'the environment declares no telemetry.alerts, or no objective',
    'the environment declares no telemetry.alerts',
    'the environment declares no telemetry.dashboards',
    'only the stand-in for Grafana takes the address of its data source from a variable',
  ]);
  const { shipper: _, ...logs } = environment.telemetry?.logs ?? assert.fail('no logs');
  const unnamed = { ...environment, telemetry: { ...environment.telemetry!, logs } };
  assert.deepEqual(await inapplicable(unnamed, objects, ['logs/canary/shipper-stopped']), [
    'telemetry.logs.shipper does not say which DaemonSet brings lines to the store',
  ]);
});

test('should find a Service by its name in the cluster, and change nothing at an address outside of it', async () => {
  const staging = await loadEnvironment('staging');
  const { telemetry } = staging;
  const { logs, alerts } = telemetry ?? assert.fail('no telemetry');
  assert.ok(logs && alerts);
  const service = (name: string, spec: object): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'logging' },
    spec,
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.7' }] } },
  });
  const objects = [service('search', { selector: { app: 'search' } }), service('manual', {})];
  const at = (url: string, address?: string): Environment => ({
    ...staging,
    telemetry: { ...telemetry!, logs: { ...logs, url, address } },
  });
  const id = 'logs/canary/store-unreachable';
  for (const environment of [
    at('https://search.logging.svc.cluster.local:9200'),
    at('https://search.logging:9200'),
    at('https://logs.example.com', '203.0.113.7:443'),
  ])
    assert.deepEqual(await changedBy(id, environment, objects), ['Service logging/search']);
  const unknown = (host: string): string =>
    `telemetry.logs is asked at ${host}, which is no Service of this cluster with a selector: what stands behind it is not known`;
  for (const host of ['logs.example.com', 'manual.logging.svc', '198.51.100.1'])
    assert.deepEqual(await inapplicable(at(`https://${host}`), objects, [id]), [unknown(host)]);
});
