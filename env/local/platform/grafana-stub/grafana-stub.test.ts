import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../loader.ts';
import { contextWith } from '../_testing/platform.ts';
import type { KubeObject } from '../objects.ts';
import { placeholders } from '../secrets.ts';
import { DASHBOARDS } from './dashboards.ts';
import { grafanaStubObjects } from './index.ts';

interface Model {
  uid: string;
  title: string;
  panels: { id: number; datasource: { uid: string }; targets: { expr: string }[] }[];
}
const MODELS = Object.values(DASHBOARDS) as Model[];

for (const name of ['local', 'local-small'] as const)
  test(`should be what ${name} declares: its address, its secret and its dashboards, as a stand-in`, async () => {
    const { telemetry } = await loadEnvironment(name);
    const { url, token, stubbed, declared } = telemetry?.dashboards ?? assert.fail('no dashboards');
    const objects = grafanaStubObjects(contextWith(['telemetry'], name), placeholders(['grafanaToken']));
    const of = (kind: string): KubeObject => objects.find((one) => one.kind === kind) ?? assert.fail(kind);
    const { clusterIP, ports } = of('Service')['spec'] as { clusterIP: string; ports: { port: number }[] };
    assert.equal(url, `http://${clusterIP}:${String(ports[0]?.port)}`);
    const { namespace, name: secret } = of('Secret').metadata;
    assert.deepEqual(token, { secret: { namespace, name: secret, key: 'token' } });
    assert.equal(stubbed, true);
    assert.deepEqual(
      declared,
      MODELS.map(({ uid, title }) => ({ uid, title })),
    );
    const files = Object.values(of('ConfigMap')['data'] as Record<string, string>);
    assert.deepEqual(
      files.map((text) => JSON.parse(text) as Model),
      MODELS,
    );
  });

test('should have panels with ids of their own and one query each, of the one data source', () => {
  for (const { panels, title } of MODELS) {
    assert.ok(panels.length > 0, title);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, title);
    for (const { datasource, targets } of panels)
      assert.deepEqual([datasource.uid, targets.length], ['prometheus', 1], title);
  }
});
