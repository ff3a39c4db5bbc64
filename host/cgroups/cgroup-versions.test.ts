import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { waitFor } from '../wait.ts';
import { cgroupsIn, nested } from './cgroup-versions.ts';
import type { Cgroups } from './cgroup-versions.ts';
import { processesIn, removeCgroups } from '../../env/local/nodes/cgroups.ts';
import { parseHierarchies } from './hierarchies.ts';
import { freezeCgroup, freezerState, thawCgroup } from './freezer.ts';
import { identify, processAlive } from '../process-identity.ts';
import type { ProcessId } from '../process-identity.ts';

/** As Debian 12 boots. */
const V2 = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro
24 22 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
29 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
30 24 0:27 / /sys/fs/pstore rw,nosuid,nodev,noexec,relatime shared:10 - pstore pstore rw
`;
/** As Debian 12 boots with systemd.unified_cgroup_hierarchy=0. */
const V1 = `30 22 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,size=4096k,nr_inodes=1024,mode=755
31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:10 - cgroup2 cgroup2 rw,nsdelegate
32 30 0:28 / /sys/fs/cgroup/systemd rw,nosuid,nodev,noexec,relatime shared:11 - cgroup cgroup rw,xattr,name=systemd
33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev,noexec,relatime shared:12 - cgroup cgroup rw,cpu,cpuacct
34 30 0:30 / /sys/fs/cgroup/memory rw,nosuid,nodev,noexec,relatime shared:13 - cgroup cgroup rw,memory
35 30 0:31 / /sys/fs/cgroup/freezer rw,nosuid,nodev,noexec,relatime shared:14 - cgroup cgroup rw,freezer
`;
const TIMEOUT_MS = 5_000;

test('a machine is v1 where v1 has the controllers, whatever is mounted beside it', () => {
  const v1 = cgroupsIn(V1);
  assert.equal(v1.version, 1);
  assert.deepEqual(v1.lacking(), ['cpuset', 'devices', 'blkio', 'pids']);
  assert.equal(v1.mountOf('freezer'), '/sys/fs/cgroup/freezer');
  assert.equal(v1.mountPoints.length, 5);
  assert.deepEqual(v1.handedDown(), []);
});

test('a machine is v2 where the one hierarchy has them, also with a v1 hierarchy for something else', () => {
  const extra = `40 24 0:40 / /run/vpn/net_cls rw,relatime - cgroup cgroup rw,net_cls\n`;
  for (const mountinfo of [V2, V2 + extra, extra + V2]) {
    const v2 = cgroupsIn(mountinfo);
    assert.equal(v2.version, 2);
    assert.deepEqual(v2.mountPoints, ['/sys/fs/cgroup']);
    for (const controller of ['freezer', 'cpu']) assert.equal(v2.mountOf(controller), '/sys/fs/cgroup');
  }
});

test('the CPU time of a cgroup is read in the words of either version', () => {
  const root = mkdtempSync(join(tmpdir(), 'plumbline-usage-'));
  try {
    const v1 = cgroupsIn(`30 22 0:26 / ${root}/v1 rw - cgroup cgroup rw,cpu,cpuacct\n`);
    const v2 = cgroupsIn(`30 22 0:26 / ${root}/v2 rw - cgroup2 cgroup2 rw\n`);
    for (const version of ['v1', 'v2'])
      mkdirSync(join(root, version, 'plumbline', 'local'), { recursive: true });
    writeFileSync(join(root, 'v1', 'plumbline', 'local', 'cpuacct.usage'), '1500000\n');
    writeFileSync(join(root, 'v2', 'plumbline', 'local', 'cpu.stat'), 'usage_usec 2500\nuser_usec 1\n');
    assert.equal(v1.cpuMs('plumbline/local'), 1.5);
    assert.equal(v2.cpuMs('plumbline/local'), 2.5);
    assert.equal(v1.cpuMs('plumbline/none'), null);
    assert.equal(v2.cpuMs('plumbline/none'), null);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a machine without any lacks all of v1', () => {
  assert.equal(cgroupsIn('').version, 1);
  assert.equal(cgroupsIn('').lacking().length, 8);
  assert.throws(() => cgroupsIn('').mountOf('freezer'), /no cgroup v1 hierarchy/);
});

/** Plain files instead of the kernel's, so that tests can read what was written to them. */
suite('v2, on plain files', () => {
  let root: string;
  let machine: Cgroups;
  const file = (...path: string[]): string => join(root, ...path);
  const level = (path: string, given: string): void => {
    mkdirSync(file(path), { recursive: true });
    writeFileSync(file(path, 'cgroup.controllers'), 'cpuset cpu io memory hugetlb pids rdma misc\n');
    writeFileSync(file(path, 'cgroup.subtree_control'), given);
  };

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'plumbline-cgroup2-'));
    machine = cgroupsIn(`29 24 0:26 / ${root} rw - cgroup2 cgroup2 rw\n`);
    level('.', 'cpu memory pids\n');
    for (const path of ['plumbline', 'plumbline/local', 'plumbline/local/control-1']) level(path, '\n');
  });
  after(() => {
    rmSync(root, { recursive: true });
  });

  test('every level above a node hands down what the level lacks, the node itself nothing', () => {
    const { enter, inside, mounts } = machine.makeNode('plumbline/local/control-1', 4);
    assert.equal(readFileSync(file('cgroup.subtree_control'), 'utf8'), '+cpuset +io');
    for (const path of ['plumbline', 'plumbline/local'])
      assert.equal(
        readFileSync(file(path, 'cgroup.subtree_control'), 'utf8'),
        '+cpu +cpuset +memory +io +pids',
      );
    assert.equal(readFileSync(file('plumbline/local/control-1/cgroup.subtree_control'), 'utf8'), '\n');
    assert.deepEqual(enter, [file('plumbline/local/control-1/cgroup.procs')]);
    assert.deepEqual(inside, [file('plumbline/local/control-1/init/cgroup.procs')]);
    assert.equal(mounts, 'unified');
    assert.equal(readFileSync(file('plumbline/local/control-1/cpu.weight'), 'utf8'), '400');
    assert.equal(machine.ratioOf('plumbline/local/control-1'), 4);
  });

  test('what is handed down already is not written again', () => {
    for (const path of ['.', 'plumbline', 'plumbline/local']) level(path, 'cpuset cpu io memory pids\n');
    machine.makeNode('plumbline/local/control-1');
    assert.equal(readFileSync(file('cgroup.subtree_control'), 'utf8'), 'cpuset cpu io memory pids\n');
  });

  test('what is not given although it was asked for is named', () => {
    writeFileSync(file('plumbline/local/control-1/cgroup.controllers'), 'cpu memory pids\n');
    assert.throws(
      () => machine.make('plumbline/local/control-1'),
      /control-1 did not get the controllers cpuset, io$/,
    );
  });

  test('the root takes back what it handed down for us alone', () => {
    writeFileSync(file('cgroup.subtree_control'), 'cpu memory pids hugetlb io\n');
    machine.takeBack(['cpu', 'memory', 'pids']);
    assert.equal(readFileSync(file('cgroup.subtree_control'), 'utf8'), '-io');
  });

  test('a controller that the kernel does not offer is lacking', () => {
    assert.deepEqual(machine.lacking(), []);
    writeFileSync(file('cgroup.controllers'), 'cpuset cpu io hugetlb pids\n');
    assert.deepEqual(machine.lacking(), ['memory']);
  });
});

/**
 * The kernel's real v2 hierarchy. A machine with v1 may mount it as well: it then has no controllers, but freezing and killing, and the
 * files that prove them, are part of every v2 cgroup.
 */
function realRoot(): string | undefined {
  const found = parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
  return found.find(({ version }) => version === 2)?.mountPoint;
}

function whyNot(): string | false {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'only root may make cgroups';
  return realRoot() === undefined ? 'no cgroup2 is mounted here' : false;
}

suite('v2, of this kernel', { skip: whyNot() }, () => {
  const name = `plumbline-test-${process.pid}`;
  let machine: Cgroups;
  let root: string;
  let handedDown: string[];

  before(() => {
    root = realRoot() ?? '';
    // Only this mount: with all mounts of a v1 machine the answer would be v1.
    machine = cgroupsIn(`29 24 0:26 / ${root} rw - cgroup2 cgroup2 rw\n`);
    handedDown = machine.handedDown();
  });
  after(async () => {
    await removeCgroups(name, { deadlineMs: TIMEOUT_MS }, machine);
    machine.takeBack(handedDown);
  });

  /** A busy-looping shell with a busy child; both start once the shell is in its cgroup. */
  function started(procs: readonly string[]): ProcessId {
    const child = spawn('sh', ['-c', 'read -r go; sleep 600 & while :; do sleep 0.01; done'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const found = identify(child.pid ?? 0) ?? assert.fail('a process was expected');
    for (const file of procs) writeFileSync(file, String(found.pid));
    child.stdin.end('\n');
    return found;
  }
  const cpuTime = ({ pid }: ProcessId): string =>
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
      .slice(11, 15)
      .join(' ');
  const switches = ({ pid }: ProcessId): string =>
    /^voluntary_ctxt_switches:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

  test('processes freeze with the kernel as witness, stand still, and run again', async () => {
    const [procs = ''] = machine.make(`${name}/pod/container`);
    const folder = join(procs, '..');
    const one = started([procs]);
    await waitFor(() => (processesIn(name, machine).length >= 2 ? true : null), {
      what: 'its child',
      deadlineMs: TIMEOUT_MS,
    });
    assert.equal(freezerState(folder, machine), 'THAWED');
    await freezeCgroup(folder, { deadlineMs: TIMEOUT_MS }, machine);
    assert.equal(freezerState(folder, machine), 'FROZEN');
    const before = [cpuTime(one), switches(one)];
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual([cpuTime(one), switches(one)], before);
    assert.equal(freezerState(join(folder, '..'), machine), 'THAWED', 'the cgroup above is not frozen');
    thawCgroup(folder, machine);
    assert.equal(freezerState(folder, machine), 'THAWED');
    await waitFor(() => (switches(one) === before[1] ? null : true), {
      what: 'it to run again',
      deadlineMs: TIMEOUT_MS,
    });
    thawCgroup(join(folder, 'gone'), machine);
  });

  test('frozen and nested processes are killed at once, and the cgroups removed depth first', async () => {
    const { enter, inside } = machine.makeNode(`${name}/node`);
    const kubepods = machine.make(`${name}/node/kubepods/pod/container`);
    const all = [started(enter), started(inside), started(kubepods)];
    await freezeCgroup(join(root, name, 'node/kubepods'), { deadlineMs: TIMEOUT_MS }, machine);
    assert.ok(nested(join(root, name)).length >= 6);
    await removeCgroups(name, { deadlineMs: TIMEOUT_MS }, machine);
    assert.ok(!existsSync(join(root, name)));
    assert.ok(!all.some(processAlive));
    await removeCgroups(name, { deadlineMs: TIMEOUT_MS }, machine);
  });
});
