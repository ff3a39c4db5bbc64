import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { loadEnvironment } from '../env/loader.ts';
import { authorityOf, loadKubeConfig, sendsCredentials } from '../probes/kubernetes/transport.ts';
import { parsePermit, PERMIT_NAME, permitProblem } from '../runner/plan/cluster-permit.ts';

interface Rule {
  resourceNames?: string[];
  apiGroups?: string[];
  resources?: string[];
  verbs: string[];
}
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: Rule[];
  roleRef?: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace: string }[];
}

async function manifests(file: string): Promise<Manifest[]> {
  const documents = parseAllDocuments(await readFile(path.join(import.meta.dirname, file), 'utf8'));
  assert.ok(Array.isArray(documents), `${file} is empty`);
  return documents.map((document) => {
    assert.deepEqual(document.errors, [], file);
    return document.toJS() as Manifest;
  });
}

function writesOf(rule: Rule): string[] {
  return rule.verbs.filter((verb) => !['get', 'list', 'watch'].includes(verb));
}

/** Everything that any role may write, by namespace: a new right has to be argued for here. */
const WRITES: Record<string, string[]> = {
  'plumbline-canary/plumbline-canary': [
    'pods,services,persistentvolumeclaims: create patch delete',
    'pods/exec: create',
    'daemonsets: create patch delete',
  ],
  'plumbline-system/plumbline-system': [
    'leases[plumbline]: update',
    'configmaps[plumbline-journal]: patch',
    'configmaps[plumbline-undo]: patch',
    'jobs: create deletecollection',
  ],
  // What it has settled it takes out of the mirror: until then, runs elsewhere begin nothing.
  'plumbline-undo/plumbline-system': ['configmaps[plumbline-journal]: patch'],
  'plumbline-undo/plumbline-canary': ['pods,services,persistentvolumeclaims: delete', 'daemonsets: delete'],
  'plumbline-undo/plumbline-drill': ['pods: delete'],
  'plumbline-drill/tender': ['pods: delete'],
  'plumbline-drill/plumbline-drill': ['pods: create delete', 'pods/exec: create'],
  'plumbline-owner/plumbline-system': [
    'configmaps: create',
    'configmaps[plumbline-permit,plumbline-stop]: update patch delete',
  ],
};

function shown(rule: Rule): string[] {
  const names = rule.resourceNames === undefined ? '' : `[${rule.resourceNames.join()}]`;
  const writes = writesOf(rule);
  return writes.length === 0 ? [] : [`${(rule.resources ?? []).join()}${names}: ${writes.join(' ')}`];
}

const rbac = await manifests('rbac.yaml');
const roles = rbac.filter(({ rules }) => rules !== undefined);

test('should give no rights by wildcard, and to write none but those that are argued for', () => {
  const seen: Record<string, string[]> = {};
  for (const { metadata, rules = [] } of roles) {
    for (const rule of rules) {
      const words = [...(rule.resources ?? []), ...(rule.apiGroups ?? []), ...rule.verbs];
      assert.ok(!words.includes('*'), metadata.name);
    }
    const writes = rules.flatMap(shown);
    if (writes.length > 0) seen[`${metadata.name}/${metadata.namespace ?? 'everywhere'}`] = writes;
  }
  assert.deepEqual(seen, WRITES);
});

test('should let no role read a Secret', () => {
  const rules = rbac.flatMap((manifest) => manifest.rules ?? []);
  assert.deepEqual(
    rules.filter((rule) => rule.resources?.includes('secrets') === true),
    [],
  );
});

test('should let Plumbline read its permit and its kill switch, and write neither', () => {
  const system = roles.find(({ metadata }) => metadata.name === 'plumbline-system');
  for (const rule of system?.rules ?? []) {
    if (rule.resources?.includes('configmaps') !== true) continue;
    const names = rule.resourceNames ?? [];
    assert.ok(names.length > 0, 'without names it could write every ConfigMap');
    if (names.includes('plumbline-permit') || names.includes('plumbline-stop'))
      assert.deepEqual(rule.verbs, ['get']);
  }
});

/** Who may create pods in a namespace may take every account that is in it. */
test('should keep accounts apart: who creates pods or Jobs finds no stronger account beside them', () => {
  const accounts = rbac.filter(({ kind }) => kind === 'ServiceAccount');
  const in_ = (namespace: string) =>
    accounts.filter(({ metadata }) => metadata.namespace === namespace).map(({ metadata }) => metadata.name);
  assert.deepEqual(in_('plumbline-system'), ['plumbline', 'plumbline-undo']);
  assert.deepEqual(in_('plumbline-drill'), ['plumbline-drill']);
  assert.deepEqual(in_('plumbline-canary'), []);
});

test('should hold a permit that would be understood', async () => {
  const [permit] = (await manifests('permit.yaml')) as unknown as [
    { metadata: { name: string }; data: unknown },
  ];
  assert.equal(permit.metadata.name, PERMIT_NAME);
  const parsed = parsePermit(permit.data);
  assert.ok('permit' in parsed, JSON.stringify(parsed));
  const during = new Date('2026-12-01T21:00:00+08:00');
  assert.equal(
    permitProblem(parsed.permit, { check: 'failover/redis/pod-delete', fault: 'pod-delete' }, during),
    null,
  );
});

test('should bind what exists to accounts that exist', () => {
  const name = ({ kind, metadata }: Manifest): string =>
    `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const known = new Set(rbac.map(name));
  for (const { roleRef, subjects = [], metadata } of rbac) {
    if (roleRef === undefined) continue;
    const scope = roleRef.kind === 'Role' ? (metadata.namespace ?? '') : '';
    assert.ok(known.has(`${roleRef.kind} ${scope}/${roleRef.name}`), metadata.name);
    for (const subject of subjects)
      if (subject.kind === 'ServiceAccount')
        assert.ok(known.has(`${subject.kind} ${subject.namespace}/${subject.name}`), subject.name);
  }
});

test('should give the nightly run every secret that its environment reads from a variable', async () => {
  const read = [...JSON.stringify(await loadEnvironment('staging')).matchAll(/\{"env":"(\w+)"\}/g)].map(
    ([, name]) => name,
  );
  const [cronJob] = (await manifests('cronjob.yaml')) as unknown as [
    {
      spec: {
        jobTemplate: { spec: { template: { spec: { containers: { env: { name: string }[] }[] } } } };
      };
    },
  ];
  const { containers } = cronJob.spec.jobTemplate.spec.template.spec;
  const given = containers.flatMap(({ env }) => env.map(({ name }) => name));
  assert.ok(read.length > 10);
  assert.deepEqual(
    read.filter((name) => !given.includes(String(name))),
    [],
  );
});

test('should run one nightly at a time and never repeat it', async () => {
  const [cronJob] = (await manifests('cronjob.yaml')) as unknown as [
    {
      spec: {
        concurrencyPolicy: string;
        jobTemplate: { spec: { backoffLimit: number; activeDeadlineSeconds: number } };
      };
    },
  ];
  assert.equal(cronJob.spec.concurrencyPolicy, 'Forbid');
  assert.equal(cronJob.spec.jobTemplate.spec.backoffLimit, 0);
  assert.ok(cronJob.spec.jobTemplate.spec.activeDeadlineSeconds > 0);
});

interface Mounts {
  securityContext: { runAsUser: number };
  containers: {
    command: string[];
    args: string[];
    env: { name: string; value?: string }[];
    volumeMounts: { name: string; mountPath: string }[];
  }[];
  volumes: {
    name: string;
    persistentVolumeClaim?: { claimName: string };
    projected?: {
      sources: {
        configMap?: { name: string; items?: { path: string }[] };
        serviceAccountToken?: { path: string };
      }[];
    };
  }[];
}

interface OwnKubeconfig {
  metadata: { name: string };
  data: { kubeconfig: string };
}

/** The pod of the nightly run, and the ConfigMap with its kubeconfig. */
async function nightly(): Promise<{ pod: Mounts; own: OwnKubeconfig }> {
  const [cronJob, own] = (await manifests('cronjob.yaml')) as unknown as [
    { spec: { jobTemplate: { spec: { template: { spec: Mounts } } } } },
    OwnKubeconfig,
  ];
  return { pod: cronJob.spec.jobTemplate.spec.template.spec, own };
}

test('should run every night what ci.md says, into the volume', async () => {
  const { pod } = await nightly();
  const { args, volumeMounts } = pod.containers[0] ?? assert.fail();
  const page = await readFile(path.join(import.meta.dirname, '../docs/start/ci.md'), 'utf8');
  const told = /npx plumbline (run .*--profile nightly.*)/.exec(page)?.[1]?.split(' ') ?? [];
  assert.deepEqual(new Set(args), new Set([...told, '--out', '/runs']));
  assert.deepEqual(args.slice(args.indexOf('--baseline'), args.indexOf('--baseline') + 2), [
    '--baseline',
    'latest',
  ]);
  assert.ok(volumeMounts.some(({ name, mountPath }) => name === 'runs' && mountPath === '/runs'));
});

test('should keep the rollback journal on another volume than the runs, which may fill theirs', async () => {
  const { pod } = await nightly();
  const { env, volumeMounts } = pod.containers[0] ?? assert.fail();
  const state = env.find(({ name }) => name === 'XDG_STATE_HOME')?.value ?? '';
  const mounted = volumeMounts.find(({ mountPath }) => mountPath === state);
  const claimOf = (name = ''): string | undefined =>
    pod.volumes.find((volume) => volume.name === name)?.persistentVolumeClaim?.claimName;
  const claims = [claimOf(mounted?.name), claimOf('runs')];
  assert.deepEqual(claims, ['plumbline-state', 'plumbline-runs']);
  const made = (await manifests('cronjob.yaml')).map(({ metadata: { name } }) => name);
  for (const claim of claims) assert.ok(made.includes(claim), claim);
});

test('should remove old runs by the line of the README, and nothing else', async (context) => {
  const readme = await readFile(path.join(import.meta.dirname, 'README.md'), 'utf8');
  const line = /^ {4}(find \/runs .*)$/m.exec(readme)?.[1] ?? assert.fail();
  const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-kept-'));
  context.after(() => rm(folder, { recursive: true }));
  const removed = async (latest: string | null): Promise<void> => {
    const long = new Date(Date.now() - 40 * 86_400_000);
    const names = ['20260101T013000Z-staging-aaaa', '20260102T013000Z-staging-bbbb', 'state', 'notes'];
    for (const name of names) {
      await mkdir(path.join(folder, name), { recursive: true });
      await utimes(path.join(folder, name), long, long);
    }
    await mkdir(path.join(folder, '20260301T013000Z-staging-cccc'), { recursive: true });
    if (latest !== null) await symlink(latest, path.join(folder, 'latest'));
    execFileSync('sh', ['-c', line.replaceAll('/runs', folder)]);
  };
  await removed('20260102T013000Z-staging-bbbb');
  const young = '20260301T013000Z-staging-cccc';
  assert.deepEqual((await readdir(folder)).sort(), [
    '20260102T013000Z-staging-bbbb',
    young,
    'latest',
    'notes',
    'state',
  ]);
  await rm(path.join(folder, 'latest'));
  await removed(null);
  assert.deepEqual((await readdir(folder)).sort(), [young, 'notes', 'state']);
});

/** Files of the volume `cluster` that others fill: the authority and the token. */
function filledByOthers({ volumes }: Mounts): string[] {
  const sources = volumes.find(({ name }) => name === 'cluster')?.projected?.sources ?? [];
  return sources
    .flatMap(({ configMap, serviceAccountToken }) => [...(configMap?.items ?? []), serviceAccountToken])
    .flatMap((file) => file?.path ?? []);
}

test('should give the nightly run a kubeconfig of its own account, beside the files that it names', async (context) => {
  const { pod, own } = await nightly();
  const { env, volumeMounts } = pod.containers[0] ?? assert.fail();
  const mounted = volumeMounts.find(({ name }) => name === 'cluster')?.mountPath;
  const named = env.find(({ name }) => name === 'PLUMBLINE_STAGING_KUBECONFIG')?.value;
  assert.equal(named, `${mounted}/kubeconfig`);
  assert.ok(JSON.stringify(pod.volumes).includes(`{"configMap":{"name":"${own.metadata.name}"}}`));
  const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-nightly-'));
  context.after(() => rm(folder, { recursive: true }));
  for (const file of filledByOthers(pod)) await writeFile(path.join(folder, file), 'of the cluster');
  await writeFile(path.join(folder, 'kubeconfig'), own.data.kubeconfig);
  const config = loadKubeConfig(path.join(folder, 'kubeconfig'));
  assert.equal(authorityOf(config), 'of the cluster');
  assert.equal(await sendsCredentials(config, context.signal), true);
});

test('should start what the image holds, as the user that the image names', async () => {
  const { pod } = await nightly();
  const dockerfile = await readFile(path.join(import.meta.dirname, 'Dockerfile'), 'utf8');
  const said = (word: string): string => new RegExp(`^${word} (.+)$`, 'm').exec(dockerfile)?.[1] ?? '';
  assert.deepEqual(pod.containers[0]?.command, ['node', `${said('WORKDIR')}/cli/plumbline.mjs`]);
  assert.equal(String(pod.securityContext.runAsUser), said('USER'));
});
