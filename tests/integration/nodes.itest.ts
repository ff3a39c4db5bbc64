import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { EnvironmentHeldError, holder, leftovers, readStamp, status, up } from '../../env/local/index.ts';
import { cgroups } from '../../host/cgroups/cgroup-versions.ts';
import { cgroupName } from '../../env/local/nodes/cgroups.ts';
import { takeLock } from '../../host/lock.ts';
import {
  addressesOf,
  containerCgroup,
  cutLink,
  execInNode,
  linkState,
  nodeSpec,
  nodeStatus,
  podProcesses,
  restoreLink,
  startNode,
  stopNode,
} from '../../env/local/nodes/index.ts';
import { freezeCgroup, freezerState, thawCgroup } from '../../host/cgroups/freezer.ts';
import { stateDir } from '../../host/paths.ts';
import { run, runAny } from '../../host/run.ts';
import { CLUSTER_GROUPS, toolsDir } from '../../env/local/toolchain/index.ts';
import { waitFor } from '../../host/wait.ts';

/** These tests run on the small environment that `npm test` has provisioned before. */
const INSTANCE = 'local-small';
const WORKER = nodeSpec(INSTANCE, 'worker-3');
const KUBELET_PORT = 10_250;
const KUBE_PROXY_METRICS_PORT = 10_249;
const FULL_SYNC = /^kubeproxy_sync_full_proxy_rules_duration_seconds_count\{[^}]*ipv4[^}]*\} [1-9]/im;
/** What timeout(1) exits with when the time was over. */
const TIMED_OUT = 124;

async function kubectl(...argv: string[]): Promise<string> {
  const binary = `${await toolsDir(CLUSTER_GROUPS)}/kubectl`;
  return run([binary, '--kubeconfig', `${stateDir(INSTANCE)}/kubeconfig`, ...argv], { timeoutMs: 90_000 });
}

/** Whether a TCP connection comes about within half a second. */
function reachable(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 500 });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
}

test('the control plane has more of the CPU than a node that carries load', () => {
  const [control, worker] = ['control-1', 'worker-1'].map((node) =>
    cgroups().ratioOf(cgroupName(INSTANCE, node)),
  );
  assert.ok(Number(control) > Number(worker), `${String(control)} beside ${String(worker)}`);
});

test('the environment is stamped and everything of it runs', async () => {
  const found = await status({ instance: INSTANCE });
  assert.equal(found.state, 'up');
  assert.equal(found.stamp?.size, 'small');
  assert.deepEqual(
    found.nodes.map(({ name }) => name),
    ['control-1', 'worker-1', 'worker-2', 'worker-3'],
  );
});

test('a second env up on a healthy environment returns the same one, and starts nothing', async (context) => {
  // Its 22nd field (proc_pid_stat(5)): when the node's first process was started.
  const bornAt = async (): Promise<string | undefined> =>
    (await execInNode(WORKER, ['cat', '/proc/1/stat'], { timeoutMs: 10_000 })).stdout.split(' ')[21];
  const [stamp, before] = [readStamp(INSTANCE), await bornAt()];
  const started = performance.now();
  const again = await up({ instance: INSTANCE, size: 'small' });
  context.diagnostic(`${Math.round(performance.now() - started)} ms`);
  await again.platformReady;
  assert.equal(again.created, false);
  assert.deepEqual(again.stamp, stamp);
  assert.ok(before !== undefined);
  assert.equal(await bornAt(), before, 'its nodes are the same processes');
});

test('while one process holds the environment, another is told who', async () => {
  const release = takeLock(`${stateDir(INSTANCE)}/lock`);
  try {
    assert.equal(holder(INSTANCE)?.pid, process.pid);
    await assert.rejects(up({ instance: INSTANCE, size: 'small' }), EnvironmentHeldError);
  } finally {
    release();
  }
});

test('a node is a machine of its own: processes, name, cgroups', async () => {
  const seen = await execInNode(WORKER, ['sh', '-c', 'hostname; cat /proc/1/comm; cat /proc/self/cgroup'], {
    timeoutMs: 10_000,
  });
  const [name, init, ...places] = seen.stdout.trim().split('\n');
  assert.equal(name, WORKER.name);
  assert.equal(init, 'bash');
  assert.ok(
    places.every((line) => line.endsWith(cgroups().version === 1 ? ':/' : '::/init')),
    places.join(' '),
  );
  assert.equal(existsSync('/var/lib/kubelet'), false, 'nothing of a node lies on the host itself');
});

test('the host reaches a Service through its cluster address', async () => {
  const address = await kubectl('get', 'service', 'kubernetes', '-o', 'jsonpath={.spec.clusterIP}');
  assert.ok(address.startsWith(addressesOf(INSTANCE).block));
  assert.equal(await reachable(address, 443), true);
});

test('a cut link drops packets silently and a restored one lets them pass', async () => {
  assert.equal(await reachable(WORKER.address, KUBELET_PORT), true);
  await cutLink(WORKER);
  try {
    assert.equal(await linkState(WORKER), 'cut');
    assert.equal(await reachable(WORKER.address, KUBELET_PORT), false);
  } finally {
    await restoreLink(WORKER);
  }
  assert.equal(await linkState(WORKER), 'up');
  assert.equal(await reachable(WORKER.address, KUBELET_PORT), true);
});

test('the processes of a pod are found from the host, and its cgroup freezes and thaws', async () => {
  const path =
    'jsonpath={.items[0].metadata.uid} {.items[0].spec.nodeName} {.items[0].status.containerStatuses[0].containerID}';
  const pod = await kubectl('-n', 'kube-system', 'get', 'pods', '-l', 'k8s-app=kube-dns', '-o', path);
  const [podUid = '', node = '', containerId = ''] = pod.split(' ');
  const place = { instance: INSTANCE, node, podUid } as const;
  const processes = podProcesses(place);
  assert.ok(
    processes.some(({ command }) => command.includes('coredns')),
    JSON.stringify(processes),
  );
  const cgroup = containerCgroup(place, containerId);
  assert.ok(cgroup !== null);
  await freezeCgroup(cgroup, { deadlineMs: 2000 });
  assert.equal(freezerState(cgroup), 'FROZEN');
  thawCgroup(cgroup);
  assert.equal(freezerState(cgroup), 'THAWED');
  assert.deepEqual(podProcesses({ ...place, podUid: '00000000-0000-0000-0000-000000000000' }), []);
});

test('a pod is not told by ICMP that a Service has no endpoints, a node is', async () => {
  const path = 'jsonpath={.items[0].metadata.uid} {.items[0].spec.nodeName}';
  const pod = await kubectl('-n', 'kube-system', 'get', 'pods', '-l', 'k8s-app=kube-dns', '-o', path);
  const [podUid = '', node = ''] = pod.split(' ');
  const inPod = podProcesses({ instance: INSTANCE, node, podUid })[0]?.pid;
  assert.ok(inPod !== undefined);
  await kubectl('create', 'service', 'clusterip', 'nobody', '--tcp=80');
  try {
    const address = await kubectl('get', 'service', 'nobody', '-o', 'jsonpath={.spec.clusterIP}');
    const dial = ['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${address}/80`];
    await waitFor(
      async () => {
        const seen = await execInNode(nodeSpec(INSTANCE, node), dial, { timeoutMs: 10_000 });
        if (seen.stderr.includes('Connection refused')) return true;
        throw new Error(`exit ${seen.code}: ${seen.stderr}`);
      },
      { what: `${node} to refuse connections to a Service without endpoints`, deadlineMs: 20_000 },
    );
    const fromPod = await runAny(['nsenter', '--net', '--target', String(inPod), '--', ...dial], {
      timeoutMs: 10_000,
    });
    assert.equal(fromPod.code, TIMED_OUT, fromPod.stderr);
  } finally {
    await kubectl('delete', 'service', 'nobody');
  }
});

test('a kube-proxy that starts again, and each hour, leaves the Services as they are', async () => {
  const path = 'jsonpath={.items[0].metadata.uid}';
  const [label, on] = ['k8s-app=kube-proxy', `spec.nodeName=${WORKER.name}`];
  const podUid = await kubectl(
    '-n',
    'kube-system',
    'get',
    'pods',
    '-l',
    label,
    '--field-selector',
    on,
    '-o',
    path,
  );
  const proxyPid = (): number | undefined =>
    podProcesses({ instance: INSTANCE, node: WORKER.name, podUid }).find(({ command }) =>
      command.includes('kube-proxy'),
    )?.pid;
  const before = proxyPid();
  assert.ok(before !== undefined);
  const address = await kubectl('get', 'service', 'kubernetes', '-o', 'jsonpath={.spec.clusterIP}');
  const dial = ['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${address}/443`];
  assert.equal((await execInNode(WORKER, dial, { timeoutMs: 10_000 })).code, 0);
  process.kill(before, 'SIGKILL');
  const ask = `exec 3<>/dev/tcp/127.0.0.1/${KUBE_PROXY_METRICS_PORT}; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
  await waitFor(
    async () => {
      const now = proxyPid();
      if (now === undefined || now === before) throw new Error('it is not back');
      const { stdout } = await execInNode(WORKER, ['timeout', '2', 'bash', '-c', ask], { timeoutMs: 10_000 });
      return FULL_SYNC.test(stdout) ? true : null;
    },
    { what: `the first full sync of kube-proxy on ${WORKER.name}`, deadlineMs: 90_000, intervalMs: 500 },
  );
  const { code, stderr } = await execInNode(WORKER, dial, { timeoutMs: 10_000 });
  assert.equal(code, 0, stderr);
});

test('a crashed node is dead at once and comes back Ready', async () => {
  const killed = await stopNode(WORKER);
  assert.ok(killed !== null);
  assert.equal(nodeStatus(WORKER).running, false);
  const restarted = Date.now();
  await startNode(WORKER, { binDir: await toolsDir(CLUSTER_GROUPS), size: 'small' });
  assert.notEqual(nodeStatus(WORKER).pid1?.startTime, killed.startTime);
  // The node was dead for so short a time that its Ready condition still stands: only a new heartbeat proves anything.
  const lease = ['-n', 'kube-node-lease', 'get', 'lease', WORKER.name, '-o', 'jsonpath={.spec.renewTime}'];
  await waitFor(async () => (Date.parse(await kubectl(...lease)) > restarted ? true : null), {
    what: `a heartbeat of node ${WORKER.name} after its return`,
    deadlineMs: 120_000,
    intervalMs: 500,
  });
  await kubectl('wait', '--for=condition=Ready', `node/${WORKER.name}`, '--timeout=80s');
  await kubectl('-n', 'tender', 'rollout', 'status', 'statefulset/postgres', '--timeout=80s');
});

test('what belongs to the environment is listed as such', async () => {
  const seen = await leftovers(INSTANCE);
  for (const kind of ['process', 'cgroup', 'network namespace', 'link', 'route']) {
    assert.ok(
      seen.some((line) => line.startsWith(`${kind} `)),
      `${kind}: ${seen.length} lines`,
    );
  }
});
