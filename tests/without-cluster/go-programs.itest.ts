import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runAny } from '../../host/run.ts';
import { COMPILE_FLAGS, goEnvironment } from '../../env/local/toolchain/go.ts';

/** What they share with kubelet and metrics-server is compiled already; from an empty cache it takes minutes. */
const GO_TEST_MS = 600_000;

test('should pass the tests of our own programs in Go: the device plugin, the server of external metrics', async () => {
  const cwd = join(import.meta.dirname, '../../env/local/toolchain');
  const argv = [
    'go',
    'test',
    ...COMPILE_FLAGS,
    '-tags=grpcnotrace',
    './device-plugin/',
    './external-metrics/',
  ];
  const env = goEnvironment({ cgo: false });
  const { code, stdout, stderr } = await runAny(argv, { timeoutMs: GO_TEST_MS, cwd, env });
  assert.equal(code, 0, `${stdout}${stderr}`);
});
