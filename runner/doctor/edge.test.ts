import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { applicationSchema } from '../../env/schema.ts';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { setVariable } from '../../host/_testing/variable.ts';
import { standIn } from '../../probes/signals/_testing/server.ts';
import type { Said } from '../../probes/signals/_testing/server.ts';
import { situationOf } from './_testing/situation.ts';
import { edge } from './edge.ts';
import type { Item } from './item.ts';

const staging = await loadEnvironment('staging');
const KUBE = (): Promise<never> => Promise.reject(new Error('not expected'));
const look = { method: 'GET', path: '/orders', status: 200, expects: [{ pointer: '', is: 'list' }] };
const application = applicationSchema.parse({ follow: 'trace', proof: 'answers', requests: { look } });

async function lookedAt(said: Said, asked = application): Promise<Item> {
  const server = await standIn(() => said);
  const declared = staging.topology.edge ?? assert.fail();
  const environment = {
    ...staging,
    application: asked,
    topology: { ...staging.topology, edge: { ...declared, url: server.url, address: undefined } },
  };
  const trusting = { ...environment.topology.edge, trust: 'system' as const };
  const topology = { ...environment.topology, edge: trusting };
  const items = await edge.look(situationOf({ ...environment, topology }, KUBE));
  await server.close();
  return items.find(({ what }) => what.startsWith('topology.edge at ')) ?? assert.fail('no edge');
}

test('should say what to do by who turned its request away, or that the service answered otherwise', async () => {
  assert.equal((await lookedAt({ body: [] })).state, 'ok');
  for (const [said, detail, add] of [
    [{ status: 401, body: '' }, /it answers credentials: status 401/, /that the gateway takes/],
    [
      { status: 403, body: '' },
      /it answers permission: status 403/,
      /an account that may send application\.requests\.look/,
    ],
    [{ status: 429, body: '' }, /it answers rate-limit: status 429/, /a rate limit of the gateway/],
    [
      { status: 302, location: 'https://login.example.com/auth?state=x', body: '' },
      /it answers login: status 302 to https:\/\/login\.example\.com\/auth$/,
      /past the login page/,
    ],
    [
      { status: 404, body: '' },
      /it answers status 404/,
      /application\.requests\.look: a request that passes/,
    ],
  ] as const) {
    const item = await lookedAt(said);
    assert.equal(item.state, 'missing');
    assert.match(item.detail, detail);
    assert.match(item.add ?? '', add);
  }
});

test('should take a login page with status 200 for no answer of the service, where nothing is expected of it', async () => {
  const drafted = {
    follow: 'none',
    proof: 'none',
    requests: { look: { method: 'GET', path: '/', status: 200 } },
  };
  const body = '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body></body></html>';
  const { state, detail, add } = await lookedAt({ body }, applicationSchema.parse(drafted));
  assert.equal(state, 'missing');
  assert.match(detail, /it answers login: status 200 with a login page$/);
  assert.match(add ?? '', /past the login page/);
});

test('should name a certificate that is not accepted, and show its server no credentials', async (context) => {
  setVariable(context, 'PLUMBLINE_DOCTOR_EDGE', 's3cret');
  const shown: unknown[] = [];
  const server = createServer(await certificateFor('other.example.com'), ({ headers }, response) => {
    shown.push(headers['x-api-key']);
    response.end('[]');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const declared = staging.topology.edge ?? assert.fail();
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const topology = {
    ...staging.topology,
    edge: { ...declared, url, address: undefined, trust: 'system' as const },
  };
  const credentials = { headers: { 'X-API-Key': { env: 'PLUMBLINE_DOCTOR_EDGE' } } };
  for (const [asked, unshown] of [
    [application, ''],
    [{ ...application, credentials }, '; application.credentials were not shown to it'],
  ] as const) {
    const items = await edge.look(situationOf({ ...staging, application: asked, topology }, KUBE));
    const item = items.find(({ what }) => what === `topology.edge at ${url}`) ?? assert.fail('no edge');
    assert.equal(item.state, 'missing');
    assert.match(item.detail, /^its certificate is not accepted: .*SELF_SIGNED/);
    assert.ok(item.detail.endsWith(unshown), item.detail);
    assert.match(item.add ?? '', /as topology\.edge\.trust: \{ file: … \}/);
  }
  assert.deepEqual(shown, [undefined, undefined]);
});

test('should send nothing through the edge for a run that only reads', async () => {
  const environment = await loadEnvironment('staging', { readOnly: true });
  const items = await edge.look(situationOf(environment, KUBE));
  assert.equal(items.find(({ what }) => what === 'topology.edge')?.state, 'not needed');
  assert.ok(!items.some(({ what }) => what.startsWith('topology.edge at ')));
});

test('should need no address that nothing planned asks', async () => {
  const needed = async (...checks: string[]): Promise<string[]> => {
    const items = await edge.look(situationOf({ ...staging, apiAddress: '127.0.0.1:1' }, KUBE, { checks }));
    return items.filter(({ state }) => state !== 'not needed').map(({ what }) => what);
  };
  assert.deepEqual(await needed('topology/nodes/pools'), []);
  assert.deepEqual(await needed('topology/cluster/versions'), ['apiAddress at 127.0.0.1:1']);
});
