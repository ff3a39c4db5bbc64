import assert from 'node:assert/strict';
import { test } from 'node:test';
import { servicePlace } from './api.ts';
import { isUsable, majorityOf, prepareCanary, warmUp } from './canary.ts';
import type { FoundIndex } from './canary.ts';
import { connection, serving } from './_testing/server.ts';

const HOUR_MS = 3_600_000;
const INDEX = '/plumbline-canary';
const WRITE = `POST ${INDEX}/_doc`;

const made = (ageMs: number, more: Partial<FoundIndex> = {}): FoundIndex => ({
  mappings: {
    dynamic: 'strict',
    properties: { run: { type: 'keyword' }, n: { type: 'long' }, at: { type: 'date' } },
  },
  settings: { 'index.creation_date': String(Date.now() - ageMs), 'index.number_of_shards': '1' },
  ...more,
});

test('should need more than half of the copies', () => {
  assert.deepEqual([1, 2, 3, 4, 5].map(majorityOf), [1, 2, 2, 3, 3]);
});

test('should keep an index of the last day that was made as it is declared, and no other', () => {
  const now = Date.now();
  assert.equal(isUsable(made(HOUR_MS), now), true);
  assert.equal(isUsable(made(25 * HOUR_MS), now), false, 'older than a day');
  // As Elasticsearch makes it by itself for a write that comes after the deletion.
  const properties = { run: { type: 'text' }, n: { type: 'long' }, at: { type: 'long' } };
  assert.equal(isUsable(made(HOUR_MS, { mappings: { properties } }), now), false, 'made by a write');
  assert.equal(isUsable({}, now), false, 'nothing is known of it');
});

/** What was asked of a server that has this index, in this health; a wait for green ends as it is told. */
async function preparing(
  found: FoundIndex | null,
  health: { status: string; green?: boolean },
  deadlineMs = 5_000,
): Promise<string[]> {
  const asked: string[] = [];
  await serving(
    (question) => {
      asked.push(question);
      if (question === `GET ${INDEX}?flat_settings=true`)
        return found === null
          ? { status: 404, json: { error: { type: 'index_not_found_exception' } } }
          : { json: { 'plumbline-canary': found } };
      if (question.includes('wait_for_status') && health.green === false)
        return { status: 408, json: { status: health.status, timed_out: true } };
      if (question.startsWith('GET /_cluster/health')) return { json: { status: health.status } };
      return { json: {} };
    },
    (port) => prepareCanary(connection(port), deadlineMs),
  );
  return asked.map((question) => question.replace(/\?.*$/, '')).filter((question) => question !== WRITE);
}

const declared = { 'index.number_of_replicas': '2', 'index.write.wait_for_active_shards': '2' };

test('should go on with an index that is as declared, and commit what it holds', async () => {
  const index = made(HOUR_MS);
  const kept = { ...index, settings: { ...index.settings, ...declared } };
  assert.deepEqual(await preparing(kept, { status: 'green' }), [
    `GET ${INDEX}`,
    `GET /_cluster/health${INDEX}`,
    `GET /_cluster/health${INDEX}`,
    `POST ${INDEX}/_flush`,
  ]);
});

test('should make an index again that is too old, was made by a write or has lost its primary', async () => {
  const again = [`DELETE ${INDEX}`, `PUT ${INDEX}`];
  const mappings = { properties: { run: { type: 'text' } } };
  for (const [found, status] of [
    [made(25 * HOUR_MS), 'green'],
    [made(HOUR_MS, { mappings }), 'green'],
    [made(HOUR_MS), 'green'], // its settings are not those that are declared
    [made(HOUR_MS, { settings: { ...made(HOUR_MS).settings, ...declared } }), 'red'],
    [null, 'green'],
  ] as const) {
    const asked = await preparing(found, { status });
    const changes = asked.filter((question) => /^(?:PUT|DELETE)/.test(question));
    assert.deepEqual(changes, again);
  }
});

test('should not begin on an index that does not become green, and say what it saw', async () => {
  await assert.rejects(
    preparing(made(HOUR_MS), { status: 'yellow', green: false }),
    /expected plumbline-canary to be green, seen yellow/,
  );
});

/** How many documents are written before the load to servers of which these writes are refused, in a time that is given. */
async function warmed(isRefused: (n: number) => boolean, deadlineMs: number): Promise<number> {
  let writes = 0;
  await serving(
    () => (isRefused(++writes) ? { status: 503, json: {} } : { json: {} }),
    // Whatever else the machine does meanwhile, a write that succeeds is quick.
    (port) => warmUp(servicePlace(connection(port)), { deadlineMs }, Infinity),
  );
  return writes;
}

test('should write before the load until the servers are quick at it, and no longer than there is time', async () => {
  assert.equal(await warmed((n) => n <= 30, 20_000), 30 + 20, 'twenty in a row that succeed');
  assert.equal(await warmed(() => true, 20_000), 400, 'a store that refuses is left to the load');
  const few = await warmed(() => true, 1);
  assert.ok(few < 20, String(few));
});
