import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setVariable } from '../../../host/_testing/variable.ts';
import { proxyFor } from '../../../host/proxy.ts';
import { kubectl } from './bringup.ts';

test('kubectl asks the cluster directly, whatever proxy the environment names', async (context) => {
  const binDir = mkdtempSync(join(tmpdir(), 'plumbline-kubectl-'));
  context.after(() => {
    rmSync(binDir, { recursive: true });
  });
  writeFileSync(join(binDir, 'kubectl'), '#!/bin/sh\nenv\n');
  chmodSync(join(binDir, 'kubectl'), 0o755);
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'])
    setVariable(context, name, 'http://proxy.example.com:3128');
  for (const name of ['NO_PROXY', 'no_proxy']) setVariable(context, name, 'localhost,.example.com');
  const kubeconfig = join(binDir, 'kubeconfig');
  const shown = await kubectl({ binDir, kubeconfig, signal: undefined }, ['get', 'nodes']);
  const seen = Object.fromEntries(
    shown.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  // An address that is excepted nowhere: those of embedded environments are never asked through a proxy by proxyFor itself.
  assert.ok(proxyFor('https://192.0.2.1:6443') !== null);
  assert.equal(proxyFor('https://192.0.2.1:6443', seen), null);
});
