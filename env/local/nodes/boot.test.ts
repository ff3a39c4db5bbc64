/** Tests the namespaces and cgroups that boot.sh makes, with stubs for containerd and kubelet that do nothing. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { onPath, pathOf, run, startDetached } from '../../../host/run.ts';
import { waitGone } from '../../../host/process-identity.ts';
import { waitFor } from '../../../host/wait.ts';
import { cgroupsIn } from '../../../host/cgroups/cgroup-versions.ts';
import type { Cgroups, NodePlaces } from '../../../host/cgroups/cgroup-versions.ts';
import { processesIn, removeCgroups, saysIn } from './cgroups.ts';
import { parseHierarchies } from '../../../host/cgroups/hierarchies.ts';

const TIMEOUT_MS = 20_000;
const BOOT = join(import.meta.dirname, 'boot.sh');
const TOOLS = ['bash', 'ip', 'nft', 'nsenter', 'unshare'];
const MOUNTINFO = process.platform === 'linux' ? readFileSync('/proc/self/mountinfo', 'utf8') : '';

/**
 * The cgroups of this machine, and in addition its v2 hierarchy alone. On a v1 machine that has no controllers, but the paths are the
 * same.
 */
function makes(): Cgroups[] {
  const own = cgroupsIn(MOUNTINFO);
  const unified = parseHierarchies(MOUNTINFO).find(({ version }) => version === 2);
  if (own.version === 2 || unified === undefined) return [own];
  return [own, cgroupsIn(`29 24 0:26 / ${unified.mountPoint} rw - cgroup2 cgroup2 rw\n`)];
}

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'only root may make namespaces';
  const missing = TOOLS.filter((tool) => !onPath(tool));
  if (missing.length > 0) return `not on PATH: ${missing.join(', ')}`;
  return cgroupsIn(MOUNTINFO).lacking().length > 0 ? 'the machine cannot hold a node' : false;
}

const skip = whyNot();
for (const machine of skip === false ? makes() : [])
  suite(`a node on cgroup v${machine.version}`, () => {
    const name = `plumbline-boot-${process.pid}-v${machine.version}`;
    const cgroup = `${name}/worker-1`;
    let dir: string;
    let places: NodePlaces;
    let pid1: number;
    const handedDown = machine.handedDown();

    const environment = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
      PATH: process.env['PATH'],
      NODE_INSIDE: places.inside.join(' '),
      ...more,
    });
    const inNode = (script: string): Promise<string> =>
      run(['/bin/bash', BOOT, 'exec', 'bash', '-c', script], {
        timeoutMs: TIMEOUT_MS,
        env: environment({ NODE_PID: String(pid1) }),
      });

    before(async () => {
      dir = mkdtempSync(join(tmpdir(), 'plumbline-boot-'));
      for (const folder of ['root', 'etc', 'var/lib', 'var/log', 'bin'])
        mkdirSync(join(dir, folder), { recursive: true });
      for (const program of ['containerd', 'kubelet'])
        writeFileSync(join(dir, 'bin', program), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
      await run(['ip', 'netns', 'add', name], { timeoutMs: TIMEOUT_MS });
      places = machine.makeNode(cgroup, 4);
      startDetached(
        ['/bin/bash', BOOT, 'enter'],
        join(dir, 'init.log'),
        environment({
          NODE_NAME: 'worker-1',
          NODE_NETNS: name,
          NODE_PODS: '198.18.200.0/24',
          NODE_DIR: dir,
          NODE_BIN: join(dir, 'bin'),
          NODE_ENTER: places.enter.join(' '),
          NODE_CGROUP_MOUNTS: places.mounts,
        }),
      );
      pid1 = await waitFor(
        () => {
          const pid = join(dir, 'var/lib/plumbline-pid');
          if (!existsSync(pid)) throw new Error(readFileSync(join(dir, 'init.log'), 'utf8'));
          // There before its text is.
          return Number(readFileSync(pid, 'utf8')) || null;
        },
        { what: 'the node', deadlineMs: TIMEOUT_MS },
      );
    });
    after(async () => {
      await removeCgroups(name, { deadlineMs: TIMEOUT_MS }, machine);
      machine.takeBack(handedDown);
      await run(['ip', 'netns', 'del', name], { timeoutMs: TIMEOUT_MS });
      rmSync(dir, { recursive: true, force: true });
    });

    test('should find PID 1 in the cgroup of its node, together with the process that waits for its end', () => {
      assert.ok(saysIn(readFileSync(`/proc/${pid1}/cgroup`, 'utf8'), cgroup));
      const parent = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid1}/status`, 'utf8'))?.[1]);
      assert.equal(
        readFileSync(`/proc/${parent}/cgroup`, 'utf8'),
        readFileSync(`/proc/${pid1}/cgroup`, 'utf8'),
      );
      assert.ok(processesIn(name, machine).some(({ pid }) => pid === parent));
    });

    test('should show the node only its own cgroups, as its cgroup root', async () => {
      const own = (await inNode('cat /proc/self/cgroup')).trim().split('\n');
      const version = machine.version === 1 ? ':/' : '0::/init';
      assert.ok(
        machine.version === 1 ? own.every((line) => line.endsWith(version)) : own.includes(version),
        own.join(' '),
      );
      const type = (await inNode('stat -fc %T /sys/fs/cgroup; hostname')).trim().split('\n');
      assert.deepEqual(type, [machine.version === 1 ? 'tmpfs' : 'cgroup2fs', 'worker-1']);
    });

    test('should let the node make cgroups of its own and put processes into them', async () => {
      const folder = machine.version === 1 ? '/sys/fs/cgroup/freezer' : '/sys/fs/cgroup';
      const said = await inNode(
        `set -e; mkdir -p ${folder}/kubepods/pod1; sleep 600 & echo $! >${folder}/kubepods/pod1/cgroup.procs
         grep -o 'kubepods/pod1$' /proc/$!/cgroup | head -n 1; kill $!`,
      );
      assert.equal(said.trim(), 'kubepods/pod1');
    });

    test('should run commands in the root folder of the node, also by the nsenter of Ubuntu 22.04', async () => {
      // That of util-linux 2.37: --wdns came with 2.38.
      const programs = join(dir, 'old');
      mkdirSync(programs);
      const old = `#!/bin/sh
case " $* " in *' --wdns'*) echo "nsenter: unrecognized option '--wdns=/'" >&2; exit 1 ;; esac
exec ${pathOf('nsenter') ?? ''} "$@"
`;
      writeFileSync(join(programs, 'nsenter'), old, { mode: 0o755 });
      const argv = ['bash', '-c', 'pwd; [ . -ef / ] && echo "$0"', `one 'argument'`];
      const said = await run(['/bin/bash', BOOT, 'exec', ...argv], {
        timeoutMs: TIMEOUT_MS,
        env: environment({ NODE_PID: String(pid1), PATH: `${programs}:${process.env['PATH'] ?? ''}` }),
      });
      assert.equal(said, "/\none 'argument'\n");
    });

    if (machine.version === 2)
      test('should have no process in a cgroup that enables controllers for its children', async () => {
        assert.equal(readFileSync(places.enter[0] ?? '', 'utf8'), '');
        const offered = (await inNode('cat /sys/fs/cgroup/cgroup.controllers')).trim();
        assert.equal((await inNode('cat /sys/fs/cgroup/cgroup.subtree_control')).trim(), offered);
      });

    test('should end with all its processes when the machine shuts down, without delaying that', async () => {
      const all = processesIn(cgroup, machine);
      assert.ok(all.some(({ pid }) => pid === pid1));
      process.kill(pid1, 'SIGTERM');
      await waitGone(all, { deadlineMs: 5_000 });
    });
  });

test('a node boots from boot.sh', { skip }, () => {
  assert.ok(makes().length > 0, 'tested above with each cgroup version of this machine');
});
