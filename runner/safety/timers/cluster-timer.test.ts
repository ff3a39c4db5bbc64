import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateFor, certificateOfIntermediate } from '../../../host/_testing/certificate.ts';
import { setVariable } from '../../../host/_testing/variable.ts';
import { inClusterCall } from './cluster-timer.ts';

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
