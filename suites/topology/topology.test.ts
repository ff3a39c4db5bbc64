import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { CheckContext } from '../harness/context.ts';
import type { KubeObject } from '../harness/protocol.ts';
import { dataMounts } from './storage/persistent/data-volumes.ts';
import { selects } from '../../probes/kubernetes/label-selector.ts';
import { sampleOf } from './_objects/sample.ts';
import { probeCommand, reachObjects, readProbe } from './network/reachability/reach.ts';
import type { ProbeLine } from './network/reachability/reach.ts';
import { hasLabels, lastingContainers, ownerOf } from './_objects/shapes.ts';
import type { PodObject, PodSpec, WorkloadObject } from './_objects/shapes.ts';

test('should take every node up to twenty, and twenty different ones of a thousand', () => {
  const few = ['a', 'b', 'c'];
  assert.deepEqual(sampleOf(few), few);
  const many = Array.from({ length: 1000 }, (_, i) => `node-${String(i).padStart(4, '0')}`);
  for (const random of [0, 0.5, 0.999]) {
    const sample = sampleOf(many, { random: () => random });
    assert.equal(new Set(sample).size, 20);
    assert.ok(sample.every((name) => many.includes(name)));
  }
  assert.notDeepEqual(sampleOf(many, { random: () => 0 }), sampleOf(many, { random: () => 0.01 }));
});

test('should read what the probe printed, and nothing else', () => {
  const lines = [
    'pair worker-2 ok 12 10 0 bytes=16390 ',
    'pair worker-3 fail 5020 0 0 Terminated',
    'service service ok 3 4 2 bytes=16390 no route',
    'dns dns fail 5000 0 0 ;; no servers',
    'noise',
    'pair worker-4 ok 12',
    '',
  ];
  const counts = (firstMs: number, asked: number, lost: number) => ({ firstMs, asked, lost });
  assert.deepEqual(readProbe(lines.join('\n')), [
    { kind: 'pair', to: 'worker-2', ok: true, ...counts(12, 10, 0), bytes: 16_390, detail: '' },
    { kind: 'pair', to: 'worker-3', ok: false, ...counts(5020, 0, 0), detail: 'no answer' },
    { kind: 'service', to: 'service', ok: true, ...counts(3, 4, 2), bytes: 16_390, detail: 'no route' },
    { kind: 'dns', to: 'dns', ok: false, ...counts(5000, 0, 0), detail: ';; no servers' },
  ]);
});

const PROBE = { timeoutMs: 5000, nodes: ['a', 'b'], service: '198.18.0.9', name: 'n' };

test('should hand targets to the probe as arguments, never inside its script', () => {
  const odd = 'x"; touch /tmp/injected; "';
  const command = probeCommand({ ...PROBE, peers: [{ kind: 'pair', node: odd, ip: '198.18.0.1' }] });
  assert.ok(!(command[3] ?? '').includes(odd));
  assert.deepEqual(command.slice(4), ['reach', '5000', '198.18.0.9', 'n', 'a b', `pair/${odd}=198.18.0.1`]);
});

/** Runs the probe with a fake `busybox`; `answers` are shell lines in place of wget and nslookup. */
async function probed(
  answers: string,
  more: Partial<typeof PROBE> & { outside?: string[] } = {},
): Promise<ProbeLine[]> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-probe-'));
  try {
    const stand = `#!/bin/sh
here=${folder}
tool=$1; shift
case $tool in
  timeout) shift 2; exec ${folder}/tool "$@" ;;
  sh) exec sh "$@" ;;
  *) exec "$tool" "$@" ;;
esac
`;
    const tool = `#!/bin/sh
here=${folder}
count() { echo >> "$here/$1"; wc -l < "$here/$1"; }
${answers}
`;
    await writeFile(join(folder, 'busybox'), stand, { mode: 0o755 });
    await writeFile(join(folder, 'tool'), tool, { mode: 0o755 });
    const command = probeCommand({
      ...PROBE,
      ...more,
      peers: [{ kind: 'pair', node: 'b', ip: '198.18.0.2' }],
    });
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    const { stdout } = await promisify(execFile)(join(folder, 'busybox'), command.slice(1), { env });
    return readProbe(stdout).sort((a, b) => a.kind.localeCompare(b.kind));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
const page = (node: string, bytes = 16_384) => `{ echo ${node}; head -c ${bytes} /dev/zero | tr '\\0' .; }`;
const NAMED = `echo Server: 198.18.0.10; echo Name: n; echo "Address: 198.18.0.9"`;
/** After the first answer every second request is lost. Pages are counted separately, because they are requested in parallel. */
const PAGE = `[ $(( $(count "$(echo "$5" | tr -c 'a-z0-9' _)") % 2 )) = 1 ] && ${page('b')}`;

const isSingle = ({ kind }: ProbeLine): boolean => !kind.startsWith('burst');

test('should ask for ten pages at once when it has asked for eleven one after the other', async () => {
  const burstOf = async (answered: number) => {
    const one = `[ $(count "$(echo "$5" | tr -c 'a-z0-9' _)") -le ${answered} ] && ${page('b')}`;
    const lines = await probed(`case $1 in wget) ${one} ;; nslookup) ${NAMED} ;; esac`);
    return lines.filter((line) => !isSingle(line) || line.kind === 'pair');
  };
  const burst = { kind: 'burst-pair', to: 'b', ok: true, firstMs: 0, asked: 10 };
  const [whole] = await burstOf(99);
  assert.deepEqual(whole, { ...burst, lost: 0, detail: '' });
  const [none, pair] = await burstOf(11);
  assert.deepEqual(none, { ...burst, lost: 10, detail: 'no answer' });
  assert.equal(pair?.lost, 0);
});

test('should ask for declared names outside of the cluster, and for none of them at once', async () => {
  const answers = `case $1 in wget) ${page('b')} ;; nslookup) case $2 in gone*) echo "** server can't find it" ;; *) ${NAMED} ;; esac ;; esac`;
  const lines = await probed(answers, { outside: ['there.example', 'gone.example'], timeoutMs: 1 });
  const found = lines.filter(({ kind }) => kind === 'outside').map(({ to, ok }) => [to, ok] as const);
  assert.deepEqual(Object.fromEntries(found), { 'there.example': true, 'gone.example': false });
  assert.equal(lines.filter((line) => !isSingle(line)).length, 1);
});

test('false verdict 12: nine of ten requests lost are not an answer', async () => {
  const lines = await probed(`case $1 in wget) ${PAGE} ;; nslookup) ${NAMED} ;; esac`);
  assert.deepEqual(
    lines.filter(isSingle).map(({ kind, ok, lost }) => ({ kind, ok, lost })),
    [
      { kind: 'dns', ok: true, lost: 0 },
      { kind: 'pair', ok: true, lost: 2 },
      { kind: 'service', ok: true, lost: 2 },
    ],
  );
});

test('false verdict 40: a page that does not arrive whole is no answer', async () => {
  const pairOf = async (bytes: number) => {
    const lines = await probed(`case $1 in wget) ${page('b', bytes)} ;; nslookup) ${NAMED} ;; esac`, {
      timeoutMs: 1,
    });
    return lines
      .filter((line) => isSingle(line) && line.kind !== 'dns')
      .map(({ ok, bytes: size }) => ({ ok, size }));
  };
  const whole = { ok: true, size: 16_386 };
  assert.deepEqual(await pairOf(16_384), [whole, whole]);
  assert.deepEqual(await pairOf(1400), [
    { ok: false, size: undefined },
    { ok: false, size: undefined },
  ]);
});

test('the servers hold a page of the size that is asked for', () => {
  const ctx = { id: 'a/b', settings: { namespaces: { canary: 'c' } } } as unknown as CheckContext;
  const [set] = reachObjects(ctx, { image: 'i', nodes: ['n'] }) as unknown as [WorkloadObject];
  const [, , , script = ''] = set.spec.template.spec.containers[0]?.command ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'reach-'));
  const own = script.replace('/tmp/index.html', join(folder, 'page')).replace(/exec .*/, 'true');
  execFileSync('sh', ['-c', own], { env: { ...process.env, NODE: 'node-1' } });
  assert.match(readFileSync(join(folder, 'page'), 'utf8'), /^node-1\n\.{16384}\n$/);
  rmSync(folder, { recursive: true });
});

test('false verdict 12: a name leads nowhere when the Service has no address, or one that begins like it', async () => {
  const dnsOf = async (service: string, answer: string) => {
    const page = `case $1 in wget) echo b ;; nslookup) ${answer} ;; esac`;
    return (await probed(page, { service, timeoutMs: 1 })).find(({ kind }) => kind === 'dns')?.ok;
  };
  assert.equal(await dnsOf('198.18.0.9', NAMED), true);
  assert.equal(await dnsOf('', `echo "** server can't find n: NXDOMAIN"; exit 1`), false);
  assert.equal(await dnsOf('198.18.0.1', 'echo Server: 198.18.0.10'), false);
});

function pod(metadata: Partial<KubeObject['metadata']>): PodObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...metadata },
    spec: { containers: [] },
    status: {},
  };
}

test("should find a pod's Deployment through its ReplicaSet's name", () => {
  const owner = (kind: string, name: string) => [{ kind, name, uid: 'u', controller: true }];
  const labels = { 'pod-template-hash': '5f9' };
  assert.deepEqual(ownerOf(pod({ labels, ownerReferences: owner('ReplicaSet', 'api-5f9') })), {
    kind: 'Deployment',
    name: 'api',
  });
  assert.deepEqual(ownerOf(pod({ ownerReferences: owner('ReplicaSet', 'bare') })), {
    kind: 'ReplicaSet',
    name: 'bare',
  });
  assert.deepEqual(ownerOf(pod({ ownerReferences: owner('StatefulSet', 'postgres') })), {
    kind: 'StatefulSet',
    name: 'postgres',
  });
  assert.deepEqual(ownerOf(pod({ name: 'stray' })), { kind: 'Pod', name: 'stray' });
});

test('should have no node belong to a pool that is declared without labels', () => {
  assert.ok(!hasLabels({}, { a: '1' }));
  assert.ok(!hasLabels({ a: '1' }, undefined));
  assert.ok(hasLabels({ a: '1' }, { a: '1', b: '2' }));
  assert.ok(!hasLabels({ a: '1' }, { a: '2' }));
});

test('false verdict 22: a selector means what Kubernetes says that it means', () => {
  const labels = { app: 'api', tier: 'front' };
  const expression = (operator: string, values?: string[], key = 'app') =>
    selects({ matchExpressions: [{ key, operator, ...(values && { values }) }] }, labels);
  assert.ok(expression('In', ['api', 'web']));
  assert.ok(!expression('In', ['web']));
  assert.ok(expression('NotIn', ['web']));
  assert.ok(!expression('NotIn', ['api']));
  assert.ok(expression('NotIn', ['x'], 'absent'), 'what lacks the label is not in the list');
  assert.ok(expression('Exists'));
  assert.ok(!expression('Exists', undefined, 'absent'));
  assert.ok(expression('DoesNotExist', undefined, 'absent'));
  assert.ok(!expression('DoesNotExist'));
  assert.throws(() => expression('Gt', ['1']), /unknown operator/);
  assert.ok(selects({ matchLabels: { app: 'api' } }, labels));
  assert.ok(selects({}, labels), 'an empty selector selects all pods of its namespace (policy/v1)');
  assert.ok(!selects(undefined, labels), 'none selects none');
});

test('false verdict 12: a budget counts for the pods only that its labels and its expressions select', () => {
  const selector = {
    matchLabels: { app: 'api' },
    matchExpressions: [{ key: 'tier', operator: 'In', values: ['back'] }],
  };
  assert.ok(!selects(selector, { app: 'api', tier: 'front' }));
  assert.ok(selects(selector, { app: 'api', tier: 'back' }));
});

test('should count sidecars among the containers that last', () => {
  const spec: PodSpec = {
    containers: [{ name: 'main', image: 'i' }],
    initContainers: [
      { name: 'migrate', image: 'i' },
      { name: 'proxy', image: 'i', restartPolicy: 'Always' },
    ],
  };
  assert.deepEqual(
    lastingContainers(spec).map((one) => one.name),
    ['main', 'proxy'],
  );
});

test('should say what lies above, at and under the data, and let configuration be', () => {
  const mounts = ['data', 'scratch', 'config', 'outside', 'own'];
  const paths = [
    '/var/lib',
    '/var/lib/postgresql/tmp',
    '/var/lib/postgresql/conf',
    '/tmp',
    '/var/lib/postgresql',
  ];
  const container = {
    name: 'postgres',
    image: 'i',
    volumeMounts: mounts.map((name, i) => ({ name, mountPath: paths[i] ?? '' })),
  };
  const volumes = [
    { name: 'scratch', emptyDir: {} },
    { name: 'config', configMap: {} },
    { name: 'outside', emptyDir: {} },
    { name: 'own', persistentVolumeClaim: { claimName: 'mine' } },
  ];
  const set = {
    spec: {
      template: { spec: { containers: [container], volumes } },
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
    },
  };
  const claimed = { source: 'persistentVolumeClaim', container: 'postgres' };
  assert.deepEqual(dataMounts(set as unknown as WorkloadObject, ['/var/lib/postgresql']), [
    { ...claimed, path: '/var/lib', claim: 'data', perReplica: true },
    {
      container: 'postgres',
      path: '/var/lib/postgresql/tmp',
      source: 'emptyDir',
      claim: null,
      perReplica: false,
    },
    { ...claimed, path: '/var/lib/postgresql', claim: 'mine', perReplica: false },
  ]);
});
