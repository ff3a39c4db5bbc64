/**
 * The agent of privileged pods, run here as a pod would run it: on a cgroup, a network namespace and processes of this test's own. Needs
 * root. Tried with the cgroups that the machine has, and with those of v2 where they are mounted beside v1.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { cgroups, cgroupsIn } from '../../host/cgroups/cgroup-versions.ts';
import type { Cgroups } from '../../host/cgroups/cgroup-versions.ts';
import { parseHierarchies } from '../../host/cgroups/hierarchies.ts';
import { identify, killProcesses, processAlive, waitGone } from '../../host/process-identity.ts';
import type { ProcessId } from '../../host/process-identity.ts';
import { run, runAny } from '../../host/run.ts';
import type { CommandResult } from '../../host/run.ts';
import { waitFor } from '../../host/wait.ts';
import { AGENT, agentCommand } from '../../faults/injectors/agent-pod.ts';
import { processesIn } from '../../faults/injectors/pod.ts';
import { allDropped, dropRules, parseDrops } from '../../faults/_common/packet-filter.ts';

const UNIFIED = parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8')).find(
  ({ version }) => version === 2,
)?.mountPoint;
const TIMEOUT_MS = 30_000;
const uid = randomUUID();
const container = randomBytes(32).toString('hex');
/** The cgroups that the pod is in now, where the agent looks for them, and the container's. */
let machine: Cgroups = cgroups();
let mounts = '/sys/fs/cgroup';
let cgroup = '';
const netns = `plumbline-agent-${process.pid}`;
const children: ChildProcess[] = [];
let state: string;
/** Where `ip` keeps network namespaces, as a container runtime does. */
const pins = '/run/netns';
/** Where the agent finds its tools: those of this machine, or busybox' and nft, as in a small image. */
let path = process.env['PATH'] ?? '';

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: path,
    AGENT,
    PLUMBLINE_UNDO: join(state, 'undo'),
    PLUMBLINE_CGROUPS: mounts,
    PLUMBLINE_PINS: pins,
    PLUMBLINE_NETWORK: `/proc/${process.pid}/ns/net`,
  };
}

function ask(...words: string[]): Promise<CommandResult> {
  return runAny(agentCommand(words), { timeoutMs: TIMEOUT_MS, env: environment() });
}

/** A process of the pod that is made up here. */
function member(at = cgroup): ProcessId {
  const child = spawn('ip', ['netns', 'exec', netns, 'sleep', '600'], { stdio: 'ignore' });
  children.push(child);
  const id = identify(child.pid ?? 0) ?? assert.fail('a process was expected');
  writeFileSync(join(at, 'cgroup.procs'), String(id.pid));
  return id;
}

/** Starts the own process of a pod that has not ended before. */
async function watch(seconds: number): Promise<ChildProcess> {
  rmSync(join(state, 'undo', 'ended'), { force: true });
  const [file = '', ...argv] = agentCommand(['watch', String(seconds)]);
  const child = spawn(file, argv, { stdio: ['ignore', 'pipe', 'inherit'], env: environment() });
  children.push(child);
  await once(child, 'spawn');
  return child;
}

async function busyboxPath(): Promise<string> {
  const folder = join(state, 'bin');
  mkdirSync(folder);
  await run(['busybox', '--install', '-s', folder], { timeoutMs: TIMEOUT_MS });
  symlinkSync((await run(['which', 'nft'], { timeoutMs: TIMEOUT_MS })).trim(), join(folder, 'nft'));
  return folder;
}

/** Packet filters in the pod's network namespace. */
const tables = (): Promise<string> =>
  run(['ip', 'netns', 'exec', netns, 'nft', 'list', 'tables'], { timeoutMs: TIMEOUT_MS });

const frozen = (): string => machine.freezerState(cgroup);
const recorded = (): string[] => readdirSync(join(state, 'undo')).filter((name) => name.startsWith('1'));

before(async () => {
  state = mkdtempSync(join(tmpdir(), 'plumbline-agent-'));
  await run(['ip', 'netns', 'add', netns], { timeoutMs: TIMEOUT_MS });
  await run(['ip', '-n', netns, 'link', 'set', 'lo', 'up'], { timeoutMs: TIMEOUT_MS });
  await run(['ip', '-n', netns, 'link', 'add', 'd0', 'type', 'veth', 'peer', 'name', 'd1'], {
    timeoutMs: TIMEOUT_MS,
  });
  await run(['ip', '-n', netns, 'addr', 'add', '198.18.255.1/24', 'dev', 'd0'], { timeoutMs: TIMEOUT_MS });
  for (const link of ['d0', 'd1'])
    await run(['ip', '-n', netns, 'link', 'set', link, 'up'], { timeoutMs: TIMEOUT_MS });
});
after(async () => {
  await run(['ip', 'netns', 'del', netns], { timeoutMs: TIMEOUT_MS });
  rmSync(state, { recursive: true, force: true });
});

function makePod(): void {
  const pod = join(machine.mountOf('freezer'), `plumbline-agent-test/pod${uid}`);
  cgroup = join(pod, container);
  mkdirSync(cgroup, { recursive: true });
}

async function removePod(): Promise<void> {
  machine.thaw(cgroup);
  const left = children.map(({ pid }) => identify(pid ?? 0)).filter((id) => id !== null);
  killProcesses(left);
  await waitGone(left, { deadlineMs: TIMEOUT_MS });
  for (const folder of [cgroup, join(cgroup, '..'), join(cgroup, '../..')]) rmdirSync(folder);
}

const SUITES = [
  'full',
  'busybox',
  ...(cgroups().version === 1 && UNIFIED !== undefined ? ['cgroup v2'] : []),
];

for (const what of SUITES)
  suite(what, () => {
    before(async () => {
      if (what === 'busybox') path = await busyboxPath();
      if (what === 'cgroup v2') {
        mounts = UNIFIED ?? '';
        machine = cgroupsIn(`29 24 0:26 / ${mounts} rw - cgroup2 cgroup2 rw\n`);
      }
      makePod();
    });
    after(removePod);

    test('a pod without a process, and a container without a cgroup, are nothing to act on', async () => {
      for (const words of [
        ['look', randomUUID()],
        ['kill', randomUUID(), '1'],
        ['frozen', randomBytes(32).toString('hex')],
        ['frozen', container],
        ['freeze', randomBytes(32).toString('hex'), '1'],
        ['cut', '999999999', '1', 't', ''],
      ]) {
        const { code, stdout } = await ask(...words);
        assert.equal(code, 3, `${words.join(' ')}: ${stdout}`);
        assert.notEqual(stdout.trim(), '');
      }
    });

    test('a container is frozen, and thaws when the pod is told to end', async () => {
      const watching = await watch(600);
      member();
      assert.match((await ask('frozen', container)).stdout, /^THAWED 1 /);
      const { code, stdout } = await ask('freeze', container, '5');
      assert.deepEqual([code, frozen()], [0, 'FROZEN']);
      assert.match(stdout, /^FROZEN 1 /);
      assert.equal(recorded().length, 1);
      const ended = once(watching, 'exit');
      watching.kill('SIGTERM');
      await ended;
      assert.deepEqual([frozen(), recorded()], ['THAWED', []]);
    });

    test('a container that is slow to freeze is not frozen any more once the pod has ended', async () => {
      const real = mounts;
      mounts = mkdtempSync(join(state, 'slow-'));
      const folder = join(mounts, container);
      mkdirSync(folder);
      const freezes = join(folder, 'cgroup.freeze');
      // A kernel that never says `frozen 1`, as long as a process waits for a disk.
      for (const [name, text] of Object.entries({ 'cgroup.freeze': '0', 'cgroup.events': 'frozen 0' }))
        writeFileSync(join(folder, name), text);
      const watching = await watch(600);
      const freezing = ask('freeze', container, '5');
      await waitFor(() => (readFileSync(freezes, 'utf8').trim() === '1' ? true : null), {
        what: 'freezing',
        deadlineMs: 5_000,
      });
      const ended = once(watching, 'exit');
      watching.kill('SIGTERM');
      await ended;
      const { code, stdout } = await freezing;
      mounts = real;
      assert.deepEqual([code, readFileSync(freezes, 'utf8').trim()], [4, '0']);
      assert.match(stdout, /the drill was ended meanwhile/);
    });

    test('members of one node that are hit at once are all recorded', async () => {
      const watching = await watch(600);
      const all = await Promise.all(Array.from({ length: 8 }, () => ask('freeze', container, '5')));
      assert.deepEqual(new Set(all.map(({ code }) => code)), new Set([0]));
      assert.equal(recorded().length, 8);
      const ended = once(watching, 'exit');
      watching.kill('SIGTERM');
      await ended;
      assert.deepEqual([frozen(), recorded()], ['THAWED', []]);
    });

    test('without anybody to end it, the pod undoes at its deadline; a killed one does when it starts again', async () => {
      const first = await watch(600);
      await ask('freeze', container, '5');
      first.kill('SIGKILL');
      await once(first, 'exit');
      assert.equal(frozen(), 'FROZEN');
      const second = await watch(2);
      await waitFor(() => (frozen() === 'THAWED' ? true : null), { what: 'thawing', deadlineMs: 5_000 });
      await ask('freeze', container, '5');
      const [code] = (await once(second, 'exit')) as [number];
      assert.deepEqual([code, frozen(), recorded()], [0, 'THAWED', []]);
    });

    test('packets to an address are dropped and counted, and pass again when the pod ends', async () => {
      const watching = await watch(600);
      const { pid, startTime } = member();
      const cuts = [{ name: 'peer', address: '198.18.255.2' }];
      const done = await ask(
        'cut',
        String(pid),
        startTime,
        'plumbline_test',
        dropRules('plumbline_test', cuts),
      );
      assert.equal(done.code, 0, done.stderr);
      const { code } = await ask('probe', String(pid), '198.18.255.2', '9');
      assert.equal(code, 0);
      const listed = await ask('inside', String(pid), 'nft', '-j', 'list', 'table', 'inet', 'plumbline_test');
      assert.ok(allDropped(cuts, parseDrops(listed.stdout)), listed.stdout);
      const ended = once(watching, 'exit');
      watching.kill('SIGTERM');
      await ended;
      assert.doesNotMatch(await tables(), /plumbline_test/);
    });

    test('a pod that has the network of its node is not cut off: the node would be', async () => {
      const { pid, startTime } = identify(process.pid) ?? assert.fail('this process was expected');
      const rules = dropRules('plumbline_node', [{ name: 'peer', address: '198.18.255.2' }]);
      const { code, stdout } = await ask('cut', String(pid), startTime, 'plumbline_node', rules);
      assert.deepEqual([code, recorded()], [3, []], stdout);
      assert.match(stdout, /hostNetwork/);
    });

    test('packets pass again though no process is left in the namespace, which its runtime keeps', async () => {
      const watching = await watch(600);
      const gone = member();
      const rules = dropRules('plumbline_gone', [{ name: 'peer', address: '198.18.255.2' }]);
      await ask('cut', String(gone.pid), gone.startTime, 'plumbline_gone', rules);
      assert.match(await tables(), /plumbline_gone/);
      assert.equal((await ask('kill', uid, '5')).code, 0);
      assert.ok(!processAlive(gone));
      const ended = once(watching, 'exit');
      watching.kill('SIGTERM');
      await ended;
      assert.doesNotMatch(await tables(), /plumbline_gone/);
      assert.deepEqual(recorded(), []);
    });

    test("a runtime's own process beside the container is none of the pod's", async () => {
      const beside = join(cgroup, '..', `crio-conmon-${container}.scope`);
      mkdirSync(beside);
      const conmon = member(beside);
      const own = member();
      const seen = processesIn((await ask('look', uid)).stdout).map(({ id }) => id);
      assert.ok(seen.includes(`${own.pid}@${own.startTime}`));
      assert.ok(!seen.includes(`${conmon.pid}@${conmon.startTime}`));
      assert.equal((await ask('frozen', container)).stdout.trim().split(' ')[2], cgroup);
      assert.equal((await ask('kill', uid, '5')).code, 0);
      assert.deepEqual([own, conmon].map(processAlive), [false, true]);
      killProcesses([conmon]);
      await waitGone([conmon], { deadlineMs: TIMEOUT_MS });
      rmdirSync(beside);
    });

    test('every process of the pod is killed, and named', async () => {
      const one = member();
      const two = member();
      const before = processesIn((await ask('look', uid)).stdout);
      for (const { pid, startTime } of [one, two])
        assert.ok(before.some(({ id }) => id === `${pid}@${startTime}`));
      const { code, stdout } = await ask('kill', uid, '5');
      assert.equal(code, 0, stdout);
      for (const { id } of before) assert.ok(stdout.includes(id), stdout);
      assert.ok(![one, two].some(processAlive));
    });
  });
