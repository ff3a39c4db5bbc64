/** `plumbline doctor` on a real API server, with the tokens of the documented accounts: each right that is taken away is named with its rule. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { EXIT } from '../../host/errors.ts';
import { waitFor } from '../../host/wait.ts';
import { openCluster } from '../../probes/kubernetes/index.ts';
import { grainOf } from '../../runner/doctor/_testing/situation.ts';
import type { Review } from '../../runner/doctor/_testing/situation.ts';
import { reachCluster } from '../../runner/doctor/cluster.ts';
import { doctor } from '../../runner/doctor/index.ts';
import type { Item, Situation } from '../../runner/doctor/item.ts';
import { rights } from '../../runner/doctor/rights.ts';
import { covers, GRANTS } from '../../runner/doctor/roles.ts';
import type { Grain, Grant } from '../../runner/doctor/roles.ts';
import type { Finding } from '../../runner/doctor/text.ts';
import { kubeCallFrom } from '../../runner/provider-safety.ts';
import type { KubeCall } from '../../runner/provider-safety.ts';
import { planChecks } from '../../suites/catalogue/index.ts';
import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import type { KubeObject } from '../../suites/harness/protocol.ts';
import { ADMIN, ApiServer } from '../integration/_helpers/api-server.ts';
import { ROOT } from '../integration/_helpers/runner-fixture.ts';

const CALL_MS = 10_000;
const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const NAMESPACES = ['plumbline-system', 'plumbline-drill', 'tender', 'edge'];
/** By which anybody with an account may ask for /version, whatever its roles say. */
const EVERYBODYS = ['system:public-info-viewer', 'system:discovery'];

const STAGING = join(ROOT, 'env/staging.yaml');
const { topology } = parse(readFileSync(STAGING, 'utf8')) as { topology: { workloads: object[] } };
const ROLLOUT = { kind: 'Rollout', namespace: 'tender', name: 'quotes', replicas: 2, serves: true };

/** What `doctor` is asked of: every kind of thing that has a right of its own, in one environment. */
const DECLARED = {
  topology: {
    workloads: [...topology.workloads, ROLLOUT],
    edge: {
      backend: {
        scaling: { lowPerSecond: 10, highPerSecond: 200, rampSeconds: 30, scaledObject: 'tender-api' },
      },
    },
  },
  gpu: { claims: { driver: 'gpu.nvidia.com' } },
};
const POWER = { off: ['off', '{node}'], on: ['on', '{node}'], state: ['state', '{node}'] };

interface Said {
  items: Finding[];
}
interface Rule {
  apiGroups?: string[];
  resources?: string[];
  nonResourceURLs?: string[];
  resourceNames?: string[];
  verbs: string[];
}
interface Account {
  file: string;
  /** What `doctor` is about in the profile that the account is for. */
  situation: Situation;
  call: KubeCall;
}

const over = new AbortController();
const closing: (() => void)[] = [];
let server: ApiServer;
let admin: KubeCall;
let pin: object;
const accounts = new Map<string, Account>();

before(async () => {
  server = await ApiServer.start({ newcomer: 'newcomer' });
  admin = callAs(ADMIN);
  const cluster = openCluster({ kubeconfig: server.kubeconfig(ADMIN), signal: over.signal });
  closing.push(() => cluster.close());
  const { uid, caSha256 } = await cluster.pin();
  pin = { kubeSystemUid: uid, caSha256 };
  await cluster.apply(
    NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
  );
  await cluster.apply([...manifests('rbac.yaml'), ...manifests('port-forward.yaml')]);
  for (const name of EVERYBODYS)
    await asked('DELETE', `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${name}`);
  await accountOf('plumbline', await tokenOf('plumbline-system', 'plumbline'), 'nightly');
  await accountOf('plumbline-drill', await tokenOf('plumbline-drill', 'plumbline-drill'), 'gate');
  await accountOf('newcomer', 'newcomer', 'gate');
});

after(async () => {
  over.abort();
  for (const close of closing) close();
  await server.stop();
});

function manifests(file: string): KubeObject[] {
  const text = readFileSync(join(ROOT, 'deploy', file), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
}

function callAs(token: string): KubeCall {
  const { call, close } = kubeCallFrom(server.kubeconfig(token));
  closing.push(close);
  return call;
}

/** As the administrator. @returns the body of an answer that is not an error */
async function asked(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
): Promise<unknown> {
  const contentType = method === 'PATCH' ? { contentType: 'application/apply-patch+yaml' } : {};
  const reply = await admin({ method, path, ...(body && { body }), ...contentType, timeoutMs: CALL_MS });
  assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body;
}

async function tokenOf(namespace: string, name: string): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } };
  const made = await asked('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, body);
  return (made as { status: { token: string } }).status.token;
}

/** With an environment file of its own, whose kubeconfig has this token. */
async function accountOf(name: string, token: string, profile: 'nightly' | 'gate'): Promise<void> {
  const environment = `as-${name}`;
  const file = join(server.folder, `${environment}.yaml`);
  const kubeconfig = { env: null, file: server.kubeconfig(token) };
  const cluster = { kubeconfig, pin, reach: 'port-forward', power: { ...POWER, isOn: 'on', isOff: 'off' } };
  const base = relative(server.folder, STAGING);
  writeFileSync(file, stringify({ extends: base, ...DECLARED, name: environment, cluster }));
  const opened = await openEnvironment(file);
  const planned = planChecks(opened, { profile });
  const running = planned.filter(({ notRun }) => notRun === null);
  const situation = {
    environment: opened,
    planned,
    running,
    wholeProfile: true,
    reached: null,
    deadlineMs: CALL_MS,
    signal: over.signal,
  };
  accounts.set(name, { file, situation, call: callAs(token) });
}

function account(name: string): Account {
  return accounts.get(name) ?? assert.fail(name);
}

/** The part of it that looks at the cluster and at rights, without opening the environment again or trying stores and sources of telemetry. */
async function rightsOf({ situation }: Account): Promise<Item[]> {
  const { environment, deadlineMs, signal } = situation;
  const { items, reached, close } = await reachCluster(environment, { deadlineMs, signal });
  try {
    return [...items, ...(await rights.look({ ...situation, reached }))];
  } finally {
    await close();
  }
}

/** What it says of the cluster: stores and sources of telemetry are elsewhere, and their passwords are not set. */
async function lookedAt({ file }: Account, profile: string): Promise<Said['items']> {
  let text = '';
  const out = (said: string): void => {
    text = said;
  };
  const { exitCode } = await doctor({ env: file, profile, json: true, out });
  assert.equal(exitCode, EXIT.inconclusive);
  const { items } = JSON.parse(text) as Said;
  const kinds = ['cluster', 'rights', "Plumbline's own", 'permits', 'checks'];
  return items.filter(({ kind }) => kinds.includes(kind));
}

function lacking<One extends Pick<Item, 'state'>>(items: readonly One[]): One[] {
  return items.filter(({ state }) => state === 'missing' || state === 'unknown');
}

/** As the owners do: what a profile requires, and no more. */
async function permit(of: Account): Promise<void> {
  const checks = of.situation.planned.filter(({ required }) => required).map(({ row }) => row.id);
  const data = {
    checks: checks.join(' '),
    ticket: 'TEST-1',
    until: new Date(Date.now() + 3_600_000).toISOString(),
  };
  const [manifest] = manifests('permit.yaml');
  await asked(
    'PATCH',
    '/api/v1/namespaces/plumbline-system/configmaps/plumbline-permit?fieldManager=owners&force=true',
    { ...manifest, data },
  );
}

for (const [name, profile] of [
  ['plumbline', 'nightly'],
  ['plumbline-drill', 'gate'],
] as const)
  test(`should find nothing missing with the documented roles of ${name}`, async () => {
    await permit(account(name));
    const items = await lookedAt(account(name), profile);
    assert.deepEqual(lacking(items), []);
    assert.ok(items.filter(({ kind, state }) => kind === 'rights' && state === 'ok').length > 25);
  });

/** A documented role with these rights, as the API has it. */
async function put({ role, namespace }: Grant, grants: readonly Grant[]): Promise<void> {
  const group = '/apis/rbac.authorization.k8s.io/v1';
  const [kind, path] =
    namespace === ''
      ? ['ClusterRole', `${group}/clusterroles/${role}`]
      : ['Role', `${group}/namespaces/${namespace}/roles/${role}`];
  const metadata = { name: role, ...(namespace !== '' && { namespace }) };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await asked('PUT', path, { apiVersion, kind, metadata, rules: grants.map(ruleOf) });
}

function ruleOf({ verb, group, resource, name }: Grain): Rule {
  if (resource.startsWith('/')) return { nonResourceURLs: [resource], verbs: [verb] };
  const named = name === '' ? {} : { resourceNames: [name] };
  return { apiGroups: [group], resources: [resource], ...named, verbs: [verb] };
}

const ofRole = (grant: Grant): Grant[] =>
  GRANTS.filter(({ role, namespace }) => role === grant.role && namespace === grant.namespace);

/** Until the API server, whose authorizer watches roles, answers so. */
async function until({ call }: Account, { verb, group, resource, name, namespace }: Grain, allowed: boolean) {
  const [kind, subresource] = resource.split('/');
  const spec = resource.startsWith('/')
    ? { nonResourceAttributes: { path: resource, verb } }
    : { resourceAttributes: { verb, group, resource: kind, subresource, name, namespace } };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec };
  const look = async (): Promise<true | null> => {
    const { body: said } = await call({ method: 'POST', path: REVIEWS, body, timeoutMs: CALL_MS });
    return (said as { status: { allowed: boolean } }).status.allowed === allowed ? true : null;
  };
  const what = `${verb} ${resource} in ${namespace} to be ${allowed ? 'allowed' : 'refused'}`;
  await waitFor(look, { what, deadlineMs: 10_000, intervalMs: 10 });
}

/** The rule that an item adds, and what it says of where that belongs. */
function added({ add = '' }: Pick<Item, 'add'>): { rule: Rule; where: string } {
  const [line = '', where = ''] = add.split('\n');
  const [rule] = parse(line) as Rule[];
  return { rule: rule ?? assert.fail(add), where };
}

function isNamed({ verb, group, resource, name }: Grain, { rule }: { rule: Rule }): boolean {
  const { apiGroups = [''], resources = [], nonResourceURLs = [], resourceNames = [''], verbs } = rule;
  return (
    verbs.includes(verb) &&
    apiGroups.includes(group) &&
    [...resources, ...nonResourceURLs].includes(resource) &&
    (name === '' || resourceNames.includes(name))
  );
}

test('should name each right that is taken away, with the rule to add and the role that has it', async () => {
  const tried: string[] = [];
  for (const name of ['plumbline-drill', 'plumbline']) {
    const of = account(name);
    const own = GRANTS.filter(({ accounts: bound }) => bound.includes(name));
    for (const taken of own) {
      const key = [taken.verb, taken.group, taken.resource, taken.namespace, taken.name].join(' ');
      if (tried.includes(key)) continue;
      tried.push(key);
      const giving = own.filter((grant) => covers(grant, taken));
      for (const grant of giving)
        await put(
          grant,
          ofRole(grant).filter((one) => !giving.includes(one)),
        );
      await until(of, taken, false);
      const items = lacking(await rightsOf(of));
      for (const grant of giving) await put(grant, ofRole(grant));
      await until(of, taken, true);
      const named = items
        .filter(({ state }) => state === 'missing')
        .map(added)
        .filter((one) => isNamed(taken, one));
      assert.notEqual(named.length, 0, `${key}: ${JSON.stringify(items)}`);
      const roles = giving.map(({ role, file }) => `${role} of deploy/${file}`);
      for (const { where } of named)
        assert.ok(
          roles.some((role) => where.includes(role)),
          `${key}: ${where}`,
        );
    }
  }
  assert.ok(tried.length > 80, `${tried.length} rights`);
});

test('should ask for nothing but what the documented roles give', () => {
  const reviews = server
    .audited()
    .filter(({ user, requestURI }) => user.username.endsWith(':plumbline-drill') && requestURI === REVIEWS)
    .map(({ requestObject }) => grainOf((requestObject as Review).spec));
  assert.ok(reviews.length > 1000);
  const own = GRANTS.filter(({ accounts: bound }) => bound.includes('plumbline-drill'));
  const others = reviews.filter((need) => !own.some((grant) => covers(grant, need)));
  const said = others.map(({ verb, resource, namespace }) => `${verb} ${resource} in ${namespace}`);
  // Its own permit, which it must not be able to write. A profile leaves out what needs a right that nobody is given.
  const ways = ['create', 'delete', 'patch', 'update'].map(
    (verb) => `${verb} configmaps in plumbline-system`,
  );
  assert.deepEqual(new Set(said), new Set(ways));
});

test('should name a token that the API server does not know', async () => {
  await accountOf('stranger', 'wrong', 'gate');
  const [found, ...others] = lacking(await lookedAt(account('stranger'), 'gate')).filter(
    ({ state }) => state === 'missing',
  );
  assert.deepEqual([found?.what, others], ['account of the kubeconfig', []]);
  assert.match(found?.detail ?? '', /does not know it \(401\)/);
  assert.match(found?.add ?? '', /^kubectl .* create token /);
});

test('should be all that somebody without any right has to follow', async () => {
  const of = account('newcomer');
  for (let round = 1; round <= 3; round++) {
    const missing = lacking(await lookedAt(of, 'gate'));
    if (missing.length === 0) {
      assert.ok(round > 1);
      return;
    }
    const rules = missing.filter(
      ({ kind, add }) => ['rights', 'cluster'].includes(kind) && add !== undefined,
    );
    assert.notEqual(rules.length, 0, JSON.stringify(missing));
    for (const [at, item] of rules.entries()) await grant(`newcomer-${round}-${at}`, added(item));
  }
  assert.deepEqual(lacking(await lookedAt(of, 'gate')), []);
});

/** What an administrator does with a rule that `doctor` printed. */
async function grant(name: string, { rule, where }: { rule: Rule; where: string }): Promise<void> {
  const namespace = /, in the namespace (\S+)$/.exec(where)?.[1];
  const group = '/apis/rbac.authorization.k8s.io/v1';
  const at = namespace === undefined ? group : `${group}/namespaces/${namespace}`;
  const [role, path] = namespace === undefined ? ['ClusterRole', 'clusterroles'] : ['Role', 'roles'];
  const metadata = { name };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await asked('POST', `${at}/${path}`, { apiVersion, kind: role, metadata, rules: [rule] });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: role, name };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'newcomer' }];
  await asked('POST', `${at}/${path.replace(/s$/, 'bindings')}`, {
    apiVersion,
    kind: `${role}Binding`,
    metadata,
    roleRef,
    subjects,
  });
}
