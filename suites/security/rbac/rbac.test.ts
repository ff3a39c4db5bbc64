import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../../reports/record/judgement.ts';
import { judgedOver } from '../../topology/_testing/observing.ts';

const RBAC = 'rbac.authorization.k8s.io/v1';
const workload = {
  kind: 'Deployment',
  namespace: 'tender',
  name: 'api',
  serves: true,
  replicas: { min: 2, max: 2 },
};
const deployment = (spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'tender', name: 'api' },
  spec: { template: { spec: { containers: [], ...spec } } },
});
const role = (rules: object[] | null, namespace?: string) => ({
  apiVersion: RBAC,
  kind: namespace === undefined ? 'ClusterRole' : 'Role',
  metadata: { name: 'given', namespace },
  rules,
});
const bound = (subject: object, namespace?: string, of = 'ClusterRole') => ({
  apiVersion: RBAC,
  kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: { name: 'binding', namespace },
  roleRef: { kind: of, name: 'given' },
  subjects: [subject],
});
const rule = (group: string, resource: string, verb: string, more: object = {}): object => ({
  apiGroups: [group],
  resources: [resource],
  verbs: [verb],
  ...more,
});
const OWN = { kind: 'ServiceAccount', name: 'api', namespace: 'tender' };
const SECRETS = [rule('', 'secrets', 'list')];

function over(
  objects: readonly { apiVersion: string; kind: string }[],
  { spec = { serviceAccountName: 'api' }, exempt = [] }: { spec?: object; exempt?: object[] } = {},
): Promise<Judgement> {
  return judgedOver('security/rbac', {
    settings: { workloads: [{ ...workload, exempt }] },
    objects: [deployment(spec), ...objects],
  });
}

const LEADING: readonly [string, object][] = [
  ['do everything', rule('*', '*', '*')],
  ['read Secrets', rule('', '*', 'get')],
  ['run commands in pods', rule('', 'pods/exec', 'create')],
  ['run commands in pods', rule('', '*/exec', 'create')],
  ['ask kubelets', rule('', 'nodes/proxy', 'get')],
  ['take tokens of accounts', rule('', 'serviceaccounts/token', 'create')],
  ['be somebody else', rule('', 'users', 'impersonate')],
  ['give rights that it has not', rule('rbac.authorization.k8s.io', 'clusterroles', 'bind')],
  ['approve certificates', rule('certificates.k8s.io', 'certificatesigningrequests/approval', 'update')],
  [
    'change webhooks of admission',
    rule('admissionregistration.k8s.io', 'validatingwebhookconfigurations', 'patch'),
  ],
];
for (const [may, one] of LEADING)
  test(`should fail where an account may ${may}: ${JSON.stringify(one)}`, async () => {
    const { verdict, reason } = await over([role([one]), bound(OWN)]);
    assert.equal(verdict, 'fail');
    assert.ok(reason.includes(`tender/api may ${may}`), reason);
    assert.match(reason, / everywhere by ClusterRoleBinding binding of ClusterRole given /);
  });

test('should count what is given to a group, to the user of an account, and in one namespace', async () => {
  for (const subject of [
    { kind: 'Group', name: 'system:serviceaccounts' },
    { kind: 'Group', name: 'system:serviceaccounts:tender' },
    { kind: 'Group', name: 'system:authenticated' },
    { kind: 'User', name: 'system:serviceaccount:tender:api' },
    OWN,
  ])
    assert.equal((await over([role(SECRETS), bound(subject)])).verdict, 'fail', JSON.stringify(subject));
  const { reason } = await over([
    role(SECRETS, 'tender'),
    bound({ kind: 'ServiceAccount', name: 'api' }, 'tender', 'Role'),
  ]);
  assert.match(reason, /may read Secrets in tender by RoleBinding tender\/binding of Role tender\/given/);
});

test('should pass rights of others, to named objects, of roles that are not there, and those that lead nowhere', async () => {
  for (const objects of [
    [role(SECRETS), bound({ kind: 'ServiceAccount', name: 'api', namespace: 'other' })],
    [role(SECRETS), bound({ kind: 'Group', name: 'system:serviceaccounts:other' })],
    [role([rule('', 'secrets', 'get', { resourceNames: ['own'] })]), bound(OWN)],
    [role([rule('', 'configmaps', 'get'), rule('apps', 'secrets', 'get')]), bound(OWN)],
    [role(null), bound(OWN)],
    [
      role([{ nonResourceURLs: ['/metrics'], verbs: ['get'] }]),
      bound({ kind: 'User', name: 'system:anonymous' }),
    ],
  ])
    assert.equal((await over(objects)).verdict, 'pass', JSON.stringify(objects));
  const { verdict, seen } = await over([role(SECRETS, 'elsewhere'), bound(OWN)]);
  assert.equal(verdict, 'pass');
  assert.match(
    seen,
    /nothing is given by ClusterRoleBinding binding of ClusterRole given, which is not there/,
  );
});

test('should fail where whoever has no credentials has rights to objects, but in kube-public', async () => {
  const everybody = { kind: 'Group', name: 'system:unauthenticated' };
  const open = await over([role([rule('', 'pods', 'list')]), bound(everybody)]);
  assert.equal(open.verdict, 'fail');
  assert.match(
    open.reason,
    /whoever has no credentials.*seen ClusterRoleBinding binding of ClusterRole given/,
  );
  const joining = [
    role([rule('', 'configmaps', 'get')], 'kube-public'),
    bound(everybody, 'kube-public', 'Role'),
  ];
  assert.equal((await over(joining)).verdict, 'pass');
});

test('should be inconclusive without any role, and without the object of a workload', async () => {
  assert.equal((await over([])).verdict, 'inconclusive');
  const settings = { workloads: [workload] };
  const objects = [role(SECRETS), bound(OWN)];
  assert.equal((await judgedOver('security/rbac', { settings, objects })).verdict, 'inconclusive');
});

test('should let off a workload with a reason, and name tokens that nothing is bound to', async () => {
  const exempt = [{ checks: ['security/*'], reason: 'an operator' }];
  assert.equal((await over([role(SECRETS), bound(OWN)], { exempt })).verdict, 'pass');
  const others = [role(SECRETS), bound({ kind: 'User', name: 'somebody' })];
  const idle = /tokens that nothing is bound to are mounted in Deployment tender\/api/;
  assert.match((await over(others, { spec: {} })).seen, idle);
  assert.doesNotMatch((await over(others, { spec: { automountServiceAccountToken: false } })).seen, idle);
});
