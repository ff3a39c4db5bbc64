/**
 * The injector on this machine and its undo with cgroup v2, also where the machine has v1: in a mount namespace of its own, v2 is all that is
 * mounted, and in a cgroup namespace of its own, one cgroup of it is all that is seen. It has no controllers there; freezing and killing
 * need none.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { nested, removed } from '../../host/cgroups/cgroup-versions.ts';
import { parseHierarchies } from '../../host/cgroups/hierarchies.ts';
import { run } from '../../host/run.ts';

const TIMEOUT_MS = 60_000;
const unified = parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8')).find(
  ({ version }) => version === 2,
)?.mountPoint;
const own = join(unified ?? '', `plumbline-injector-${process.pid}`);

const ENTER = 'echo $$ >"$0/cgroup.procs" && exec unshare --cgroup --mount -- sh -c "$1" "$2" "$3"';
const INSIDE = 'umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$0" "$1"';

after(() => {
  for (const folder of nested(own)) removed(folder);
});

test(
  'a container freezes with proof, thaws by its undo, and a frozen pod is killed',
  { skip: unified === undefined ? 'no cgroup2 is mounted here' : false },
  async () => {
    mkdirSync(own);
    const trial = join(import.meta.dirname, '_helpers', 'cgroup2-trial.ts');
    const said = await run(['sh', '-c', ENTER, own, INSIDE, process.execPath, trial], {
      timeoutMs: TIMEOUT_MS,
    });
    const { freeze, crash, pid, ...rest } = JSON.parse(said) as Record<string, string>;
    assert.deepEqual(rest, {
      version: '2',
      frozen: 'FROZEN',
      undone: 'undone',
      thawed: 'THAWED',
      again: 'already',
      gone: 'already',
    });
    const named = new RegExp(`\\b${String(pid)}@\\d+`);
    assert.match(String(freeze), /^cgroup frozen: the kernel reports FROZEN for the 1 processes of trial/);
    assert.match(String(freeze), named);
    assert.match(String(crash), /^processes gone: all 1 processes of trial on worker-1 are gone/);
    assert.match(String(crash), named);
  },
);
