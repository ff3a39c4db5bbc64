import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runStep } from './steps.ts';

test('should keep the output and the exit code of a step', async () => {
  const script = 'console.log("out"); console.error("err"); process.exitCode = 3';
  const result = await runStep([process.execPath, '-e', script]);
  assert.equal(result.exitCode, 3);
  assert.match(result.output, /out/);
  assert.match(result.output, /err/);
  assert.equal((await runStep(['/nonexistent/program'])).exitCode, 127);
});

test('should end a step and its children when it is cancelled', async () => {
  const controller = new AbortController();
  const script =
    'require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], {stdio: "inherit"}); console.log("up")';
  const running = runStep([process.execPath, '-e', script], { signal: controller.signal });
  setTimeout(() => controller.abort(), 150);
  const { durationMs } = await running;
  assert.ok(durationMs < 5000, `it took ${String(durationMs)} ms`);
});
