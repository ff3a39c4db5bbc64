import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stringify } from 'yaml';
import { smallDeclared } from './_helpers/provisioned-stores.ts';
import { onlyRun, plumbline, scratch } from './_helpers/runner-fixture.ts';
import { selfSigned } from './_helpers/self-signed.ts';

const folder = scratch();
const runs = join(folder, 'runs');
const CHECKS = ['--check', 'topology/nodes/pools', '--check', 'topology/workloads/declared'];

/** An API server that is starting: it listens, and what lies behind it is not there yet. */
const identity = selfSigned(folder, 'half');
const server = createServer(identity, (_request, response) => {
  response.writeHead(503, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ kind: 'Status', code: 503, reason: 'ServiceUnavailable', message: 'etcd is not ready' }),
  );
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());

function halfUp(): string {
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(folder, 'kubeconfig');
  const named = {
    name: 'half',
    cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true },
  };
  const context = { name: 'half', context: { cluster: 'half', user: 'half' } };
  const users = [{ name: 'half', user: { token: 'none' } }];
  const config = { clusters: [named], contexts: [context], users, 'current-context': 'half' };
  writeFileSync(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }));
  const pin = { kubeSystemUid: '00000000-0000-4000-8000-000000000000', caSha256: '0'.repeat(64) };
  const cluster = { kubeconfig: { file: kubeconfig }, pin };
  const file = join(folder, 'half.yaml');
  const environment = { ...smallDeclared('local-small'), name: 'half', kind: 'staging', cluster };
  writeFileSync(file, stringify(environment).replaceAll('$STATE', folder));
  return file;
}

test('should call an environment that is half up inconclusive, say what it answered, and judge so again from the histories alone', async () => {
  const file = halfUp();
  const { code, output } = await plumbline(['run', '--env', file, ...CHECKS, '--out', runs]);
  assert.equal(code, 2, output);
  assert.match(
    output,
    /half: selection of 2: inconclusive, the environment cannot be asked \(.*etcd is not ready\)/,
  );
  const { record, folder: made } = onlyRun(runs);
  const ran = record.checks.filter(({ verdict }) => verdict !== 'not-run');
  assert.equal(ran.length, 2);
  for (const { verdict, reason } of ran) {
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /the environment cannot be asked: .*503|etcd is not ready/);
  }
  rmSync(file);
  rmSync(join(made, 'run.json'));
  const again = await plumbline(['judge', made]);
  assert.equal(again.code, code, again.output);
  for (const { reason } of ran) assert.ok(again.output.includes(reason), again.output);
});
