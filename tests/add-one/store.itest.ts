/** A store is added by adding its folders and what breaks it: docs/extend/a-store.md, word for word. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { after, before, describe, it } from 'node:test';
import { Copy } from './copy.ts';

const PAGE = 'docs/extend/a-store.md';
const FILES = [
  'probes/valkey/declaration.ts',
  'probes/valkey/index.ts',
  'probes/valkey/recognise.ts',
  'suites/failover/store/controls/valkey.ts',
  'env/local/platform/valkey/index.ts',
  'env/local/platform/valkey/manifests.yaml',
];
const CHECK = 'failover/valkey/pod-crash';
const STORED = path.join(import.meta.dirname, '..', 'histories', 'failover.redis.pod-crash.ndjson.gz');

const DECLARED = `  valkey:
    statefulSet: { namespace: tender, name: valkey }
    container: valkey
    members: 3
    primary: { host: valkey.example.com, port: 6379 }
    password: { env: VALKEY_PASSWORD }
    plain: true
    sentinel: { master: tender, addresses: [{ host: valkey-sentinel.example.com, port: 26379 }] }
`;

/** Of Redis, which the topology names as well. */
const WORKLOAD =
  '    - { kind: StatefulSet, namespace: tender, name: redis, replicas: 3, serves: true, store: redis }\n';

/** What the copy derives of the store. */
const DERIVED = `
import { contextWith } from './env/local/platform/_testing/platform.ts';
import { imagesFor, platformObjects } from './env/local/platform/index.ts';
import { STORES } from './env/schema.ts';
import { RECOGNITIONS } from './probes/recognised-stores.ts';
import { storeDriver } from './probes/stores.ts';
import { planChecks, rowOf, whyNotRun } from './suites/catalogue/index.ts';
import { allControls, judgeOf } from './suites/catalogue/loaded.ts';
import { openEnvironment } from './suites/catalogue/plan/open.ts';
import { headerSettings } from './runner/plan/environment-parts.ts';
import { readStored, storedPath, trialsOf } from './scripts/histories/stored.ts';
const staging = await openEnvironment('staging', {});
const [planned] = planChecks(staging, { checks: ['${CHECK}'] });
const { over } = await judgeOf('${CHECK}');
const histories = trialsOf(readStored(storedPath('${CHECK}'))).map(({ history }) => history);
const judged = (left) =>
  over(histories.map((one) => ({ ...one, observations: one.observations.filter((seen) => !left(seen)) }))).verdict;
const objects = platformObjects(contextWith(['valkey']));
const settings = headerSettings('${CHECK}', staging);
console.log(JSON.stringify({
  order: STORES.indexOf('valkey') - STORES.indexOf('redis'),
  driver: storeDriver('valkey').store,
  recognised: RECOGNITIONS.filter(({ image }) => image.test('valkey')).map(({ name }) => name),
  row: [rowOf('${CHECK}').title, rowOf('failover/valkey/switchover').built],
  goals: planned.goals,
  here: planned.notRun?.text ?? null,
  elsewhere: whyNotRun(await openEnvironment('testing', {}), rowOf('${CHECK}'))?.text ?? null,
  settings: [settings.store, settings.stores?.valkey?.members],
  controls: (await allControls()).filter(({ check }) => check === '${CHECK}').map(({ id }) => id),
  images: imagesFor('local', ['valkey']).flatMap(({ name }) => (name === 'redis' ? [name] : [])),
  applied: objects.flatMap(({ kind, metadata }) => (metadata.labels['app.kubernetes.io/name'] === 'valkey' ? [kind] : [])),
  password: objects.find(({ metadata }) => metadata.name === 'valkey-credentials').stringData,
  whole: judged(() => false),
  unread: judged(({ kind, name }) => kind === 'governing' && name === 'min-replicas-to-write'),
}));
`;

const EXPECTED = {
  order: 1,
  driver: 'valkey',
  recognised: ['valkey'],
  row: ['Valkey: every process of the leader killed at once', false],
  goals: { rtoSeconds: 15, lossWindowSeconds: 1, minTrials: 1 },
  here: null,
  elsewhere: 'not declared: store valkey',
  settings: ['valkey', 3],
  controls: [`${CHECK}/nowhere`, `${CHECK}/write-removed`],
  images: ['redis'],
  applied: ['Secret', 'Service', 'StatefulSet'],
  password: { valkey: 'placeholder' },
  whole: 'pass',
  unread: 'inconclusive',
};

/** Follows the page: its files, the environment that declares one, and a history as one leaves it, which is Redis' by another name. */
function follow(copy: Copy): string[] {
  copy.change('env/staging.yaml', '\nai:\n', `\nstores:\n${DECLARED}\nai:\n`);
  copy.change('env/staging.yaml', WORKLOAD, `${WORKLOAD}${WORKLOAD.replaceAll('redis', 'valkey')}`);
  const stored = gunzipSync(readFileSync(STORED)).toString().replaceAll('redis', 'valkey');
  copy.write(`tests/histories/${CHECK.replaceAll('/', '.')}.ndjson.gz`, gzipSync(stored));
  return copy.follow(PAGE);
}

describe('adding a store', () => {
  const copy = new Copy();
  let files: string[] = [];
  before(() => {
    files = follow(copy);
  });
  after(() => copy.remove());

  it('should need its folders and what breaks it, and nothing beside them', () =>
    assert.deepEqual(files, FILES));

  it('should be listed, and explained', () => {
    const { output } = copy.plumbline('list', '--env', 'staging');
    assert.match(output, /failover\/valkey\/hang +runs +Valkey: /);
    assert.match(
      copy.plumbline('explain', CHECK).output,
      /acknowledged write 150, or a later one, is removed/,
    );
  });

  it('should be known to environment files', () => {
    assert.equal(copy.plumbline('env', 'validate', 'env/staging.yaml').code, 0);
    const text = copy.read('env/staging.yaml');
    copy.write('env/staging.yaml', text.replace('sentinel: { master: tender', 'sentinel: { chief: tender'));
    const misspelt = copy.plumbline('env', 'validate', 'env/staging.yaml');
    assert.equal(misspelt.code, 64);
    assert.match(misspelt.output, /stores\.valkey\.sentinel/);
    copy.write('env/staging.yaml', text);
    assert.equal(copy.node('scripts/reference.ts').code, 0);
    assert.match(copy.read('docs/reference/environment.md'), /`stores\.valkey\.sentinel\.master`/);
  });

  it('should be planned, driven, broken and judged by what its folders say', () => {
    assert.deepEqual(copy.ask(DERIVED), EXPECTED);
  });
});
