import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setVariable } from '../../host/_testing/variable.ts';
import { exitCodeOf, EXIT } from '../../host/errors.ts';
import { identify } from '../../host/process-identity.ts';
import type { ProcessId } from '../../host/process-identity.ts';
import { refuseOtherState } from './other-state.ts';

const LINUX = { skip: process.platform !== 'linux' };

function scratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-other-state-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A process with only these variables. */
function processWith(context: TestContext, env: NodeJS.ProcessEnv): ProcessId {
  const child = spawn('/bin/sleep', ['600'], { env, stdio: 'ignore' });
  context.after(() => child.kill('SIGKILL'));
  const found = identify(child.pid ?? 0);
  assert.ok(found !== null);
  return found;
}

/** A process of a node of local-small whose state folder is below `root`. */
function nodeOf(context: TestContext, root: string): ProcessId {
  mkdirSync(join(root, 'local-small'), { recursive: true });
  return processWith(context, { NODE_DIR: join(root, 'local-small', 'nodes', 'worker-1') });
}

test(
  'should refuse an instance whose nodes belong to another state folder, until that folder is gone',
  LINUX,
  (context) => {
    const folder = scratch(context);
    const [here, there] = [join(folder, 'here'), join(folder, 'there')];
    setVariable(context, 'PLUMBLINE_STATE', here);
    const node = nodeOf(context, there);
    assert.throws(
      () => refuseOtherState('local-small', [node]),
      (error: Error) => {
        assert.equal(exitCodeOf(error), EXIT.refused);
        const whose = `the process ${node.pid} (/bin/sleep 600) belongs to ${there}/local-small`;
        assert.ok(error.message.includes(whose), error.message);
        assert.ok(error.message.includes(`this command uses ${here}/local-small`));
        assert.ok(error.message.endsWith(`PLUMBLINE_STATE=${there} plumbline env down --env local-small`));
        return true;
      },
    );
    rmSync(there, { recursive: true });
    refuseOtherState('local-small', [node]);
  },
);

test(
  'should let what is left of the same state folder be removed, whatever path leads to it',
  LINUX,
  (context) => {
    const folder = scratch(context);
    const root = join(folder, 'state');
    const node = nodeOf(context, root);
    setVariable(context, 'PLUMBLINE_STATE', `${root}/`);
    refuseOtherState('local-small', [node]);
    symlinkSync(root, join(folder, 'link'));
    setVariable(context, 'PLUMBLINE_STATE', join(folder, 'link'));
    refuseOtherState('local-small', [node]);
  },
);

test('should let processes that name no state folder be removed, such as those of pods', LINUX, (context) => {
  setVariable(context, 'PLUMBLINE_STATE', scratch(context));
  const ended: ProcessId = { pid: 2 ** 30, startTime: '1' };
  refuseOtherState('local-small', [processWith(context, { NODE_DIR: '/opt/node' }), ended]);
});
