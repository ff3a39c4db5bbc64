import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../../host/_testing/temp-folder.ts';
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

void test('kubectl asks again where its connection was cut, and not where the server refused', async (context) => {
  const binDir = tempFolder(context);
  const asked = join(binDir, 'asked');
  const program = (refusal: string): string =>
    `#!/bin/sh\necho x >> ${asked}\n[ $(wc -l < ${asked}) -gt 1 ] && echo found && exit\necho '${refusal}' >&2\nexit 1\n`;
  const ask = (refusal: string): Promise<string> => {
    rmSync(asked, { force: true });
    writeFileSync(join(binDir, 'kubectl'), program(refusal), { mode: 0o755 });
    return kubectl({ binDir, kubeconfig: join(binDir, 'kubeconfig'), signal: undefined }, ['get', 'nodes']);
  };
  assert.equal(await ask('Unable to connect to the server: EOF'), 'found\n');
  await assert.rejects(ask('error: the server does not allow this'), /does not allow this/);
});

void test('kubectl has as long for each question as the machine is given patience', async (context) => {
  const binDir = tempFolder(context);
  writeFileSync(join(binDir, 'kubectl'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  const ask = (): Promise<string> =>
    kubectl({ binDir, kubeconfig: 'k', signal: undefined }, ['get', 'nodes']);
  assert.equal(await ask(), '--kubeconfig k get nodes\n');
  setVariable(context, 'PLUMBLINE_PATIENCE', '50');
  assert.equal(await ask(), '--kubeconfig k --request-timeout=3000s get nodes\n');
});
