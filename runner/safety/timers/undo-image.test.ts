import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestApi } from '../_testing/api.ts';
import { undoImageOf, whyNoUndoImage } from './undo-image.ts';

const deployment = { namespace: 'tender', name: 'api' };
const PATH = '/apis/apps/v1/namespaces/tender/deployments/api';

test('should take the image that is named, or that of the Deployment as it is now', async () => {
  const api = new TestApi();
  assert.equal(await undoImageOf(api.call, 'node:24'), 'node:24');
  assert.equal(await undoImageOf(api.call, undefined), undefined);
  assert.equal(await undoImageOf(api.call, { deployment }), undefined);
  api.put(PATH, { spec: { template: { spec: { containers: [{ image: 'api:1' }] } } } });
  assert.equal(await undoImageOf(api.call, { deployment }), 'api:1');
});

test('should say why there will be no image, and nothing where that is not known', async () => {
  const api = new TestApi();
  assert.equal(await whyNoUndoImage(api.call, undefined), 'drills.undoImage names no image');
  assert.equal(await whyNoUndoImage(api.call, 'node:24'), null);
  assert.deepEqual(api.requests, []);
  const of = (status: number) => whyNoUndoImage(() => Promise.resolve({ status, body: {} }), { deployment });
  assert.match((await of(404)) ?? '', /^drills\.undoImage .* Deployment tender\/api, which does not exist$/);
  assert.match((await of(403)) ?? '', /Deployment tender\/api, which may not be read by this account$/);
  assert.equal(await of(503), null);
  assert.equal(await of(200), null);
});
