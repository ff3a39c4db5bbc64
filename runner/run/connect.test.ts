import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { kubeconfigText } from '../../probes/kubernetes/_testing/listening.ts';
import type { ClusterPin } from '../../probes/kubernetes/index.ts';
import { caDigests, loadKubeConfig } from '../../probes/kubernetes/transport.ts';
import { pinDifferences } from './connect.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-pin-'));
after(() => rmSync(folder, { recursive: true }));
const [older, newer] = (
  await Promise.all([certificateFor('older.example.com'), certificateFor('newer.example.com')])
).map(({ cert }) => cert) as [string, string];
const digestOf = (pem: string): string =>
  createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');

/** A cluster as seen through a kubeconfig with this authority. */
function seenBy(ca: string): ClusterPin {
  const file = path.join(folder, 'kubeconfig');
  writeFileSync(file, kubeconfigText({ url: 'https://127.0.0.1:1', ca }));
  const authorities = caDigests(loadKubeConfig(file));
  return { uid: 'u', caSha256: authorities[0] ?? null, authorities, server: 'https://127.0.0.1:1' };
}

test('should know a cluster by any certificate of its authority, in whatever order', () => {
  for (const bundle of [older, `${older}${newer}`, `# a comment\n${newer}\n${older}`])
    assert.deepEqual(pinDifferences({ kubeSystemUid: 'u', caSha256: digestOf(older) }, seenBy(bundle)), []);
  const replaced = pinDifferences({ kubeSystemUid: 'u', caSha256: digestOf(older) }, seenBy(newer));
  assert.deepEqual(replaced, [`SHA-256 of the CA: pinned ${digestOf(older)}, seen ${digestOf(newer)}`]);
});

test('should know one without an authority by its UID alone, if the pin says no more', () => {
  assert.deepEqual(pinDifferences({ kubeSystemUid: 'u' }, seenBy('')), []);
  assert.deepEqual(pinDifferences({ kubeSystemUid: 'u' }, seenBy(older)), []);
  assert.deepEqual(pinDifferences({ kubeSystemUid: 'v' }, seenBy('')), [
    'UID of kube-system: pinned v, seen u',
  ]);
  const [pinned, ...more] = pinDifferences({ kubeSystemUid: 'u', caSha256: digestOf(older) }, seenBy(''));
  assert.match(pinned ?? '', /seen none: the kubeconfig names no certificate authority/);
  assert.deepEqual(more, []);
});
