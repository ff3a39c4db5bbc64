import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runAny } from '../../host/run.ts';
import { COMPILE_FLAGS, goEnvironment } from '../../env/local/toolchain/go.ts';

/** What it shares with kubelet is compiled already; from an empty cache it takes minutes. */
const GO_TEST_MS = 600_000;

test('should pass the tests of our own program in Go, the device plugin', async () => {
  const cwd = join(import.meta.dirname, '../../env/local/toolchain');
  const argv = ['go', 'test', ...COMPILE_FLAGS, '-tags=grpcnotrace', './device-plugin/'];
  const env = goEnvironment({ cgo: false });
  const { code, stdout, stderr } = await runAny(argv, { timeoutMs: GO_TEST_MS, cwd, env });
  assert.equal(code, 0, `${stdout}${stderr}`);
});
