import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { closed, kubeconfigText, listening } from './_testing/listening.ts';
import { KubeClient } from './client.ts';
import { KubeError } from './errors.ts';
import { loadKubeConfig, Transport } from './transport.ts';

test('should end a watch that was refused although the answer never ends', async () => {
  const api = await listening();
  api.server.on('request', (_request, response) => response.writeHead(403).write('pods is forb'));
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-client-'));
  writeFileSync(join(folder, 'kubeconfig'), kubeconfigText(api));
  const transport = new Transport(loadKubeConfig(join(folder, 'kubeconfig')));
  const over = new AbortController();
  try {
    const watch = new KubeClient(transport, 1_000).watch('v1/Pod', { resourceVersion: '1' }, over.signal);
    const error = await Promise.race([
      watch.next().catch((cause: unknown) => cause),
      sleep(10_000, 'it waits', { ref: false }),
    ]);
    assert.ok(error instanceof KubeError, String(error));
    assert.deepEqual([error.reason, error.status], ['forbidden', 403]);
    assert.match(error.message, /pods is forb$/);
  } finally {
    over.abort();
    transport.close();
    await closed(api);
    rmSync(folder, { recursive: true });
  }
});
