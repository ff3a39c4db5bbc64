/**
 * The agent of privileged pods, run here as a pod would run it: on a cgroup, a network namespace and processes of this test's own. Needs
 * root and a cgroup v1 freezer, as the embedded environment does.
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
import { identify, killProcesses, processAlive, waitGone } from '../../env/local/nodes/index.ts';
import type { ProcessId } from '../../env/local/nodes/index.ts';
import { run, runAny } from '../../env/local/run.ts';
import type { CommandResult } from '../../env/local/run.ts';
import { waitFor } from '../../env/local/wait.ts';
import { AGENT, agentCommand } from '../../suites/faults/hands/agent-pod.ts';
import { processesIn } from '../../suites/faults/hands/pod.ts';
import { allDropped, dropRules, parseDrops } from '../../suites/faults/packet-filter.ts';

const CGROUPS = '/sys/fs/cgroup';
const TIMEOUT_MS = 30_000;
const uid = randomUUID();
const container = randomBytes(32).toString('hex');
const pod = join(CGROUPS, 'freezer', `plumbline-agent-test/pod${uid}`);
const cgroup = join(pod, container);
const netns = `plumbline-agent-${process.pid}`;
const children: ChildProcess[] = [];
let state: string;
/** Where the agent finds its tools: those of this machine, or busybox' and nft, as in a small image. */
let path = process.env['PATH'] ?? '';

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: path,
    AGENT,
    PLUMBLINE_UNDO: join(state, 'undo'),
    PLUMBLINE_CGROUPS: CGROUPS,
  };
}

function ask(...words: string[]): Promise<CommandResult> {
  return runAny(agentCommand(words), { timeoutMs: TIMEOUT_MS, env: environment() });
}

/** A process of the pod that is made up here. */
function member(): ProcessId {
  const child = spawn('ip', ['netns', 'exec', netns, 'sleep', '600'], { stdio: 'ignore' });
  children.push(child);
  const id = identify(child.pid ?? 0) ?? assert.fail('a process was expected');
  writeFileSync(join(cgroup, 'cgroup.procs'), String(id.pid));
  return id;
}

/** Starts the pod's own process. */
async function watch(seconds: number): Promise<ChildProcess> {
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

const frozen = (): string => readFileSync(join(cgroup, 'freezer.state'), 'utf8').trim();
const recorded = (): string[] => readdirSync(join(state, 'undo')).filter((name) => name.startsWith('1'));

before(async () => {
  state = mkdtempSync(join(tmpdir(), 'plumbline-agent-'));
  mkdirSync(cgroup, { recursive: true });
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
  writeFileSync(join(cgroup, 'freezer.state'), 'THAWED');
  const left = children.map(({ pid }) => identify(pid ?? 0)).filter((id) => id !== null);
  killProcesses(left);
  await waitGone(left, { deadlineMs: TIMEOUT_MS });
  await run(['ip', 'netns', 'del', netns], { timeoutMs: TIMEOUT_MS });
  for (const folder of [cgroup, pod, join(pod, '..')]) rmdirSync(folder);
  rmSync(state, { recursive: true, force: true });
});

for (const tools of ['full', 'busybox'])
  suite(tools, () => {
    before(async () => {
      if (tools === 'busybox') path = await busyboxPath();
    });

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

    test('members of one node that are hurt at once are all recorded', async () => {
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
      const tables = await run(['ip', 'netns', 'exec', netns, 'nft', 'list', 'tables'], {
        timeoutMs: TIMEOUT_MS,
      });
      assert.doesNotMatch(tables, /plumbline_test/);
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
