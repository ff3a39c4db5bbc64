import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Environment } from '../../../env/schema.ts';
import { RequestError } from '../../../suites/harness/request-error.ts';
import { gpuMethods } from './gpu.ts';

const local = await loadEnvironment('local');
const call = { check: 'gpu/metrics', signal: new AbortController().signal };

function utilisation(
  environment: Environment,
  secret: () => Promise<string> = () => Promise.resolve(''),
): ReturnType<ReturnType<typeof gpuMethods>['gpu.utilisation']> {
  const runner = { stores: { secret, reread: secret }, runState: { environment } };
  return gpuMethods(runner)['gpu.utilisation']({ check: 'gpu/metrics' }, call);
}

test('should read utilisation from the Prometheus of the environment', async (context) => {
  const labels = { device: 'SIM-gpu-1-0', node: 'gpu-1', pod: 'gpu-is-seen', job: 'device-plugin' };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const query = new URLSearchParams(body).get('query') ?? '';
      asked.push(query);
      const value = query.startsWith('timestamp(') ? '996.5' : '0.75';
      const result = [{ metric: labels, value: [1000, value] }];
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
    });
  }).listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { samples, nowSeconds, unavailable } = await utilisation({
    ...local,
    prometheus: { url, scrapeSeconds: 5 },
  });
  assert.equal(unavailable, undefined);
  assert.deepEqual(samples, [
    { device: 'SIM-gpu-1-0', node: 'gpu-1', pod: 'gpu-is-seen', value: 0.75, atSeconds: 996.5 },
  ]);
  assert.equal(nowSeconds, 1000);
  assert.deepEqual(asked, ['plumbline_gpu_utilization_ratio', 'timestamp(plumbline_gpu_utilization_ratio)']);
});

test('should say why there is none', async () => {
  const away = await utilisation({ ...local, prometheus: { url: 'http://127.0.0.1:1', scrapeSeconds: 5 } });
  assert.match(away.unavailable ?? '', /ECONNREFUSED/);
  const prometheus = { url: 'https://127.0.0.1:1', scrapeSeconds: 5, token: { env: 'TOKEN' } };
  const secretless = await utilisation({ ...local, prometheus }, () =>
    Promise.reject(new RequestError('the environment variable TOKEN is not set', 'unavailable')),
  );
  assert.equal(secretless.unavailable, 'the environment variable TOKEN is not set');
  const trust = { file: import.meta.filename };
  const untrusted = await utilisation({ ...local, prometheus: { ...prometheus, trust } });
  assert.match(untrusted.unavailable ?? '', /gpu\.test\.ts: it holds no certificate in PEM/);
  const { gpu: _gpu, ...without } = local;
  assert.match((await utilisation(without)).unavailable ?? '', /declares no gpu\.metrics/);
});
