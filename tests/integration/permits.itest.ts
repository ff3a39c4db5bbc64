/** Outside the embedded environment: what has to be true before a drill touches anything, against a real API server. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { readStamp } from '../../env/local/state/stamp.ts';
import { kubeCallFrom, safetyFolder } from '../../runner/provider-safety.ts';
import {
  asForeign,
  KUBECONFIG,
  onlyRun,
  plumbline,
  scratch,
  type Variation,
} from './_helpers/runner-fixture.ts';

const CHECK = 'failover/postgres/pod-delete';
const TIMEOUT_MS = 10_000;
const CONFIG_MAPS = '/api/v1/namespaces/plumbline-system/configmaps';
const PERMIT = `${CONFIG_MAPS}/plumbline-permit`;
const folder = scratch();
const { call, close } = kubeCallFrom(KUBECONFIG);
/** State of the harness of its own: what is refused must leave nothing there either. */
const env = { XDG_STATE_HOME: join(folder, 'state') };

const hours = (count: number): string => new Date(Date.now() + count * 3_600_000).toISOString();
const good = { checks: 'failover/postgres/*', until: hours(1), ticket: 'OPS-1' };

beforeEach(() => call({ method: 'DELETE', path: PERMIT, timeoutMs: TIMEOUT_MS }));
after(async () => {
  await call({ method: 'DELETE', path: PERMIT, timeoutMs: TIMEOUT_MS });
  close();
});

async function permit(data: Record<string, string>): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'plumbline-system' } };
  await call({ method: 'POST', path: '/api/v1/namespaces', body: namespace, timeoutMs: TIMEOUT_MS });
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'plumbline-permit' }, data };
  const { status } = await call({ method: 'POST', path: CONFIG_MAPS, body, timeoutMs: TIMEOUT_MS });
  assert.equal(status, 201);
}

/** Everything that a drill would write in the cluster before its first action. */
async function traces(): Promise<string> {
  const seen: unknown[] = [];
  for (const path of [
    '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline',
    `${CONFIG_MAPS}/plumbline-journal`,
    '/apis/batch/v1/namespaces/plumbline-system/jobs',
    '/api/v1/namespaces/tender/pods',
  ]) {
    const { body } = await call({ method: 'GET', path, timeoutMs: TIMEOUT_MS });
    const { metadata, items } = body as {
      metadata?: { uid?: string; resourceVersion?: string };
      items?: { metadata: { uid: string } }[];
    };
    seen.push(
      items === undefined ? [metadata?.uid, metadata?.resourceVersion] : items.map((one) => one.metadata.uid),
    );
  }
  return JSON.stringify(seen);
}

/** A drill that must be refused: nothing in the cluster, on disk or in the runs folder may say that it was there. */
async function refused(
  name: string,
  variation: Variation = {},
  change: (file: string) => void = () => undefined,
) {
  const file = asForeign(folder, name, variation);
  change(file);
  const out = join(folder, 'runs', name);
  const before = await traces();
  const end = await plumbline(['drill', CHECK, '--env', file, '--yes', '--out', out], { env });
  assert.equal(await traces(), before, 'nothing may be touched');
  assert.deepEqual(existsSync(out) ? readdirSync(out) : [], []);
  assert.equal(existsSync(join(env.XDG_STATE_HOME, 'plumbline', name)), false, safetyFolder(name, undefined));
  return end;
}

const CASES = [
  { name: 'none', data: null, expected: /it does not exist/ },
  { name: 'expired', data: { ...good, until: hours(-1) }, expected: /it ended / },
  { name: 'early', data: { ...good, from: hours(0.5) }, expected: /not valid before/ },
  { name: 'no-ticket', data: { checks: good.checks, until: good.until }, expected: /ticket is missing/ },
  { name: 'no-end', data: { checks: good.checks, ticket: 'OPS-1' }, expected: /until must be a time/ },
  { name: 'malformed', data: { ...good, until: 'tomorrow' }, expected: /malformed.*until must be a time/ },
  {
    name: 'other-check',
    data: { ...good, checks: 'failover/redis/*' },
    expected: /it permits only the checks failover\/redis/,
  },
  { name: 'other-fault', data: { ...good, faults: 'hang' }, expected: /it permits only the faults hang/ },
] as const;

for (const { name, data, expected } of CASES) {
  test(`should refuse a drill with 75 before anything is touched: permit in the cluster: ${name}`, async () => {
    if (data !== null) await permit(data);
    const { code, output } = await refused(name);
    assert.equal(code, 75, output);
    assert.match(output, /not permitted in the cluster: ConfigMap plumbline-system\/plumbline-permit/);
    assert.match(output, expected);
  });
}

test('should refuse a drill whose permit in the file is missing, ended, or not for its fault, whatever the cluster says', async () => {
  await permit(good);
  const permits = [
    { permits: [], expected: /no permit in/ },
    {
      permits: [{ checks: ['failover/**'], faults: ['pod-delete'], until: hours(-1) }],
      expected: /its permit ended/,
    },
    {
      permits: [{ checks: ['failover/**'], faults: ['pod-delete'], from: hours(1) }],
      expected: /its permit starts only at/,
    },
    {
      permits: [{ checks: ['failover/**'], faults: ['hang'] }],
      expected: /no permit for the fault pod-delete/,
    },
  ];
  for (const [index, { permits: given, expected }] of permits.entries()) {
    const { code, output } = await refused(`file-${index}`, {}, (file) => {
      const text = parse(readFileSync(file, 'utf8')) as object;
      writeFileSync(file, stringify({ ...text, permits: given }));
    });
    assert.equal(code, 75, output);
    assert.match(output, expected);
  }
});

test('should refuse another cluster than the pinned one with 64, by its UID and by its CA', async () => {
  await permit(good);
  const uid = await refused('other-uid', { pin: { kubeSystemUid: '00000000-0000-4000-8000-000000000000' } });
  assert.equal(uid.code, 64, uid.output);
  assert.match(uid.output, /not the cluster that other-uid pins; nothing was touched[^]*UID of kube-system/);
  const ca = await refused('other-ca', { pin: { caSha256: '0'.repeat(64) } });
  assert.equal(ca.code, 64, ca.output);
  assert.match(ca.output, /SHA-256 of the CA: pinned 0000/);
});

test('should break nothing where the stamp that env up left is another cluster than the kubeconfig leads to', async () => {
  const state = join(folder, 'other-state');
  mkdirSync(join(state, 'local-small'), { recursive: true });
  copyFileSync(KUBECONFIG, join(state, 'local-small', 'kubeconfig'));
  const stamp = { ...readStamp('local-small'), uid: '00000000-0000-4000-8000-000000000000' };
  writeFileSync(join(state, 'local-small', 'stamp.json'), JSON.stringify(stamp));
  const before = await traces();
  const words = ['controls', '--check', 'topology/nodes/pools/*', '--out', join(folder, 'controls')];
  const { code, output } = await plumbline(words, { env: { ...env, PLUMBLINE_STATE: state } });
  assert.equal(code, 64, output);
  assert.match(output, /not the cluster that local-small pins; nothing was touched/);
  assert.equal(await traces(), before);
});

test('should refuse a drill that the error budget does not afford, and one without the word', async () => {
  await permit(good);
  const dear = await refused('dear', {}, (file) => {
    const text = parse(readFileSync(file, 'utf8')) as { drills?: object };
    const errorBudget = { objective: 0.99999, windowDays: 1, maxShare: 0.5 };
    writeFileSync(file, stringify({ ...text, drills: { ...text.drills, errorBudget } }));
  });
  assert.equal(dear.code, 75, dear.output);
  assert.match(dear.output, /may cost 15 s of error budget in 1 trial; \S+ allows one drill 0 s at most/);
  const file = asForeign(folder, 'wordless');
  const { code, output } = await plumbline(
    ['drill', CHECK, '--env', file, '--out', join(folder, 'wordless')],
    { env },
  );
  assert.equal(code, 75, output);
  assert.match(output, /see its effects with --dry-run, then confirm with --yes/);
});

test('should leave out of a run what the cluster does not permit, with the reason, and run the rest', async () => {
  const file = asForeign(folder, 'run');
  const out = join(folder, 'runs', 'run');
  const checks = ['--check', CHECK, '--check', 'topology/nodes/pools'];
  await plumbline(['run', '--env', file, ...checks, '--out', out], { env });
  const { record } = onlyRun(out);
  const drill = record.checks.find(({ id }) => id === CHECK);
  assert.equal(drill?.verdict, 'not-run');
  assert.match(drill.reason, /not permitted in the cluster: .*it does not exist/);
  assert.notEqual(record.checks.find(({ id }) => id === 'topology/nodes/pools')?.verdict, 'not-run');
});
