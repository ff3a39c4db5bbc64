/** deploy/openshift.yaml: what its roles let in is what Plumbline's pods ask for, and no more. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { agentPod } from '../faults/injectors/agent-pod.ts';
import { UndoJob } from '../runner/safety/timers/undo-job.ts';
import { canaryPod } from '../suites/topology/_objects/canary.ts';

interface Manifest {
  kind: string;
  metadata: { name: string; namespace: string };
  rules?: { apiGroups: string[]; resources: string[]; resourceNames: string[]; verbs: string[] }[];
  roleRef?: { kind: string; name: string };
  subjects?: { name: string; namespace: string }[];
}

const documents = (file: string): unknown[] =>
  parseAllDocuments(readFileSync(path.join(import.meta.dirname, file), 'utf8')).map(
    (one) => one.toJS() as unknown,
  );
const manifests = documents('openshift.yaml') as Manifest[];

test('should let accounts use one SecurityContextConstraints each, in namespaces of Plumbline alone', () => {
  const used = manifests.flatMap(({ metadata, rules = [] }) =>
    rules.map((rule) => ({ namespace: metadata.namespace, rule })),
  );
  assert.deepEqual(
    used.map(({ namespace, rule }) => [
      namespace,
      rule.apiGroups,
      rule.resources,
      rule.resourceNames,
      rule.verbs,
    ]),
    [
      ['plumbline-system', 'nonroot-v2'],
      ['plumbline-canary', 'nonroot-v2'],
      ['plumbline-drill', 'privileged'],
    ].map(([namespace, scc]) => [
      namespace,
      ['security.openshift.io'],
      ['securitycontextconstraints'],
      [scc],
      ['use'],
    ]),
  );
});

test('should bind each to accounts that rbac.yaml makes, or to the one that pods have by default', () => {
  const accounts = (documents('rbac.yaml') as Manifest[]).filter(({ kind }) => kind === 'ServiceAccount');
  const known = new Set(accounts.map(({ metadata: { name, namespace } }) => `${namespace}/${name}`));
  const bound = manifests.flatMap(({ metadata, roleRef, subjects = [] }) =>
    roleRef === undefined ? [] : subjects.map((one) => ({ in: metadata.namespace, ...one })),
  );
  assert.equal(bound.length, 6);
  for (const { in: place, name, namespace } of bound)
    assert.ok(known.has(`${namespace}/${name}`) || (name === 'default' && place === namespace), name);
});

interface Security {
  runAsUser?: number;
  runAsNonRoot?: boolean;
  privileged?: boolean;
  allowPrivilegeEscalation?: boolean;
  capabilities?: { drop: string[] };
  seccompProfile?: { type: string };
}
interface PodSpec {
  hostPID?: boolean;
  securityContext?: Security;
  containers: { securityContext?: Security }[];
  volumes?: Record<string, unknown>[];
}

/** Types of volumes that nonroot-v2 has (openshift/cluster-kube-apiserver-operator, bindata/bootkube/scc-manifests). */
const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/** Why nonroot-v2 does not let a pod in; empty: it does. */
function refusals({ hostPID, securityContext: ofPod = {}, containers, volumes = [] }: PodSpec): string[] {
  const found = [
    hostPID === true && 'hostPID',
    ...volumes.flatMap(({ name: _, ...source }) =>
      Object.keys(source).filter((type) => !VOLUMES.includes(type)),
    ),
    ...containers.flatMap(({ securityContext: own = {} }) => {
      const of = { ...ofPod, ...own };
      return [
        (of.runAsUser ?? 0) === 0 && 'root',
        of.privileged === true && 'privileged',
        of.allowPrivilegeEscalation !== false && 'escalation',
        of.capabilities?.drop.includes('ALL') !== true && 'capabilities',
        !['RuntimeDefault', undefined].includes(of.seccompProfile?.type) && 'seccomp',
      ];
    }),
  ];
  return found.filter((one) => typeof one === 'string');
}

/** The pod of the Job that a run starts. */
async function undoPod(): Promise<PodSpec> {
  const made: unknown[] = [];
  const undo = new UndoJob({
    kube: ({ method, body }) => {
      if (method === 'POST') made.push(body);
      const metadata = { annotations: { 'plumbline.dev/undoes-in': 'plumbline-canary' } };
      return Promise.resolve({ status: 200, body: { metadata, status: { ready: 1 } } });
    },
    namespace: 'plumbline-system',
    image: 'node',
    runId: 'r',
  });
  await undo.arm([]);
  const [job] = made as [{ spec: { template: { spec: PodSpec } } }];
  return job.spec.template.spec;
}

test('should need no more than nonroot-v2 for canaries, for the Job that undoes and for the nightly run', async () => {
  const canary = canaryPod({ name: 'c', namespace: 'plumbline-canary' }, { name: 'c', image: 'i' });
  const [cronJob] = documents('cronjob.yaml') as [
    { spec: { jobTemplate: { spec: { template: { spec: PodSpec } } } } },
  ];
  for (const spec of [
    canary['spec'] as PodSpec,
    await undoPod(),
    cronJob.spec.jobTemplate.spec.template.spec,
  ])
    assert.deepEqual(refusals(spec), []);
  const node = agentPod({
    name: 'a',
    namespace: 'plumbline-drill',
    node: 'n',
    image: 'i',
    activeSeconds: 1,
    check: 'c',
    annotations: {},
  }) as { spec: PodSpec };
  assert.deepEqual(refusals(node.spec), ['hostPID', 'root', 'privileged', 'escalation', 'capabilities']);
});
