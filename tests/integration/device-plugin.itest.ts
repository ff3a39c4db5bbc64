import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runAny } from '../../env/local/run.ts';
import { goEnvironment } from '../../env/local/toolchain/go.ts';

/** Packages that it shares with kubelet are compiled already; from an empty cache they take a minute. */
const GO_TEST_MS = 600_000;

test('should pass the tests of the device plugin, which are written in Go', async () => {
  const cwd = join(import.meta.dirname, '../../env/local/toolchain');
  const argv = ['go', 'test', '-tags=grpcnotrace', './device-plugin/'];
  const env = goEnvironment({ cgo: false });
  const { code, stdout, stderr } = await runAny(argv, { timeoutMs: GO_TEST_MS, cwd, env });
  assert.equal(code, 0, `${stdout}${stderr}`);
});
