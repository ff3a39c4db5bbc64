import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateFor, certificateOfIntermediate } from '../../../host/_testing/certificate.ts';
import { setVariable } from '../../../host/_testing/variable.ts';
import type { KubeCall } from '../types.ts';
import { Ages, inClusterCall, LeaseWatch, lookOnce } from './cluster-timer.ts';

test("the cluster's timer trusts the authority of its account, also where that is an intermediate one", async (t) => {
  const { key, cert, intermediate } = await certificateOfIntermediate('127.0.0.1');
  const seen: string[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    request.setEncoding('utf8').on('data', (part: string) => seen.push(part));
    request.on('end', () => {
      seen.push(`${request.method} ${request.url}`, request.headers.authorization ?? '');
      response.writeHead(request.method === 'GET' ? 200 : 409, { connection: 'close' });
      response.end(request.method === 'GET' ? '{"kind":"Lease"}' : 'conflict');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const account = mkdtempSync(join(tmpdir(), 'plumbline-timer-'));
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(account, { recursive: true });
  });
  setVariable(t, 'KUBERNETES_SERVICE_HOST', '127.0.0.1');
  setVariable(t, 'KUBERNETES_SERVICE_PORT', String((server.address() as AddressInfo).port));
  writeFileSync(join(account, 'token'), 'of-the-pod\n');
  writeFileSync(join(account, 'ca.crt'), intermediate);
  const call = inClusterCall(account);
  const answers = [
    await call({ method: 'GET', path: '/lease', timeoutMs: 2_000 }),
    await call({ method: 'PATCH', path: '/list', body: { a: 'ü' }, timeoutMs: 2_000 }),
  ];
  assert.deepEqual(answers, [
    { status: 200, body: { kind: 'Lease' } },
    { status: 409, body: 'conflict' },
  ]);
  const bearer = 'Bearer of-the-pod';
  assert.deepEqual(seen, ['GET /lease', bearer, '{"a":"ü"}', 'PATCH /list', bearer]);
  writeFileSync(join(account, 'ca.crt'), (await certificateFor('127.0.0.1')).cert);
  await assert.rejects(call({ method: 'GET', path: '/lease', timeoutMs: 2_000 }), /certificate/);
});

test("the cluster's timer removes from the list what it has undone, and leaves what it could not undo", async () => {
  const entry = (id: string) => ({
    id,
    seq: 1,
    rollback: { kind: 'kube-delete', path: `/api/v1/namespaces/c/pods/${id}`, marker: 'm' },
  });
  const entries = [
    entry('gone'),
    entry('refused'),
    { id: 'node', rollback: { kind: 'node-power', node: 'n' } },
  ];
  let written: unknown;
  const call: KubeCall = ({ method, path, body }) => {
    if (method === 'PATCH') written = body;
    if (path.endsWith('/refused')) return Promise.resolve({ status: 500, body: {} });
    const listed = { metadata: { resourceVersion: '7' }, data: { entries: JSON.stringify(entries) } };
    return Promise.resolve(
      path.endsWith('/plumbline-journal') ? { status: 200, body: listed } : { status: 404, body: {} },
    );
  };
  const watch = new LeaseWatch();
  // Nobody has held the Lease for a minute.
  watch.unchangedForMs(' ', performance.now() - 60_000);
  assert.equal(await lookOnce(call, 'plumbline-system', { watch, ages: new Ages() }), 'in vain');
  const data = { entries: JSON.stringify(entries.slice(1)) };
  assert.deepEqual(written, { metadata: { resourceVersion: '7' }, data });
});
