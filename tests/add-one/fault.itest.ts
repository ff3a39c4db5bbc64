/** A fault is added by adding its file: docs/extend/a-fault.md, word for word. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Copy } from './copy.ts';

const PAGE = 'docs/extend/a-fault.md';
const FILE = 'faults/evict.ts';
const CHECK = 'failover/postgres/evict';

/** What the copy derives of the fault. */
const DERIVED = `
import { FAULTS, POD_FAULTS, faultOf } from './faults/index.ts';
import { planChecks, rowOf, whyNotRun } from './suites/catalogue/index.ts';
import { allControls } from './suites/catalogue/loaded.ts';
import { openEnvironment } from './suites/catalogue/plan/open.ts';
import { refuseAim } from './runner/plan/aim.ts';
import { parsePermit } from './runner/plan/cluster-permit.ts';
import { headerSettings, lockMode } from './runner/plan/environment-parts.ts';
const environment = await openEnvironment('local-small', { with: ['postgres'], size: 'small' });
const staging = await openEnvironment('staging', {});
const [planned] = planChecks(environment, { checks: ['${CHECK}'] });
const said = (work) => { try { work(); return null; } catch (error) { return error.message; } };
const requests = [];
const result = await faultOf('evict').inject({
  check: '${CHECK}', store: 'postgres', target: 'leader', namespace: 'n', statefulSet: 'pg', container: 'c', leader: 'pg-0',
  members: [{ name: 'pg-0', uid: 'u', node: 'w' }], also: [], injector: null, switchover: null, calm: async () => null,
  restore: async () => null,
  kube: async ({ method, path }) => {
    requests.push(method + ' ' + path);
    return method === 'POST' ? { status: 201, body: {} } : { status: 404, body: {} };
  },
  perform: ({ act }) => act(), write: () => undefined, timeoutMs: () => 1000, signal: new AbortController().signal,
});
console.log(JSON.stringify({
  names: [FAULTS.indexOf('evict') - FAULTS.indexOf('pod-delete'), POD_FAULTS.includes('evict')],
  row: [rowOf('${CHECK}').title, rowOf('${CHECK}').goals.rtoSeconds],
  stores: ['redis', 'rabbitmq', 'elasticsearch', 'neo4j'].map((store) => rowOf('failover/' + store + '/evict').built),
  here: planned.notRun?.text ?? null,
  notPermitted: whyNotRun(staging, rowOf('${CHECK}'))?.text ?? null,
  lock: lockMode(planned, environment),
  settings: [headerSettings('${CHECK}', environment)].map(({ store, fault }) => [store, fault]),
  aims: [said(() => refuseAim(environment, '${CHECK}', { target: 'replica' })), said(() => refuseAim(environment, '${CHECK}', { also: ['api'] }))],
  permit: 'permit' in parsePermit({ checks: '**', faults: 'evict', until: '2999-01-01T00:00:00Z', ticket: 'T' }),
  controls: (await allControls()).filter(({ check }) => check === '${CHECK}').map(({ id }) => id),
  landed: result.landedAtMs !== null,
  requests,
}));
`;

const EXPECTED = {
  names: [1, true],
  row: ["PostgreSQL: the leader's pod evicted", 40],
  stores: [true, true, true, true],
  here: null,
  notPermitted: 'not permitted: no permit for the fault evict',
  lock: 'exclusive',
  settings: [['postgres', 'evict']],
  aims: [null, `${CHECK}: --also works only with partition, not with evict`],
  permit: true,
  controls: [`${CHECK}/write-removed`],
  landed: true,
  requests: ['POST /api/v1/namespaces/n/pods/pg-0/eviction', 'GET /api/v1/namespaces/n/pods/pg-0'],
};

/** Follows the page, and permits the fault as it says. */
function follow(copy: Copy): string[] {
  copy.change('env/local.yaml', ', pod-delete,', ', pod-delete, evict,');
  return copy.follow(PAGE);
}

describe('adding a fault', () => {
  const copy = new Copy();
  let files: string[] = [];
  before(() => {
    files = follow(copy);
  });
  after(() => copy.remove());

  it('should need one file, and nothing beside it', () => assert.deepEqual(files, [FILE]));

  it('should be listed, and explained', () => {
    const { output } = copy.plumbline('list', '--env', 'local-small');
    assert.match(output, /failover\/postgres\/evict +runs +PostgreSQL: the leader's pod evicted/);
    assert.match(copy.plumbline('explain', CHECK).output, /controls {3}acknowledged write 150/);
  });

  it('should be known to environment files', () => {
    const text = copy.read('env/testing.yaml');
    const faults = 'faults: [pod-crash, pod-delete, hang]';
    assert.ok(text.includes(faults));
    copy.write('env/testing.yaml', text.replace(faults, 'faults: [pod-crash, pod-delete, evict]'));
    assert.equal(copy.plumbline('env', 'validate', 'env/testing.yaml').code, 0);
    copy.write('env/testing.yaml', text.replace(faults, 'faults: [pod-crash, evikt]'));
    assert.equal(copy.plumbline('env', 'validate', 'env/testing.yaml').code, 64);
    copy.write('env/testing.yaml', text);
    assert.equal(copy.node('env/json-schema.ts').code, 0);
    assert.match(copy.read('env/environment.schema.json'), /"evict"/);
  });

  it('should be planned, permitted, aimed, carried out and proved by what its file says', () => {
    assert.deepEqual(copy.ask(DERIVED), EXPECTED);
  });
});
