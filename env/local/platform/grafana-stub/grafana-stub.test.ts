import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../loader.ts';
import { named, objectsWith } from '../_testing/platform.ts';
import { DASHBOARDS } from './service/dashboards.ts';

for (const name of ['local', 'local-small'] as const)
  test(`should be what ${name} declares: its address, its secret and its dashboards, as a stand-in`, async () => {
    const { telemetry } = await loadEnvironment(name);
    const { url, token, stubbed, declared } = telemetry?.dashboards ?? assert.fail('no dashboards');
    const objects = objectsWith(['postgres', 'telemetry'], name);
    const { clusterIP, ports } = named(objects, 'Service', 'grafana-stub')?.['spec'] as {
      clusterIP: string;
      ports: { port: number }[];
    };
    assert.equal(url, `http://${clusterIP}:${String(ports[0]?.port)}`);
    const { namespace, name: secret } = named(objects, 'Secret', 'grafana-credentials')?.metadata ?? {};
    assert.deepEqual(token, { secret: { namespace, name: secret, key: 'token' } });
    assert.equal(stubbed, true);
    assert.deepEqual(
      declared,
      DASHBOARDS.map(({ uid, title }) => ({ uid, title })),
    );
  });
