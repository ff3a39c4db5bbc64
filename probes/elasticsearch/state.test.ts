import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusesWrites, steady } from './state.ts';
import { refusing, serving, targetOf } from './_testing/server.ts';
import type { Steadiness } from '../store/store-driver.ts';

const NAMES = ['es-0', 'es-1', 'es-2'];
const HEALTH = {
  status: 'green',
  number_of_nodes: 3,
  number_of_data_nodes: 3,
  relocating_shards: 0,
  initializing_shards: 0,
  unassigned_shards: 0,
};
const VOTES = {
  last_committed_config: ['A', 'B', 'C'],
  voting_config_exclusions: [] as { node_name: string }[],
};

/** One look at a cluster whose members all say the same. */
async function looking(
  seen: { names?: readonly string[]; health?: Partial<typeof HEALTH>; votes?: Partial<typeof VOTES> } = {},
): Promise<Steadiness> {
  const { names = NAMES, health = {}, votes = {} } = seen;
  const roles = ['master', 'data'];
  const nodes = Object.fromEntries(names.map((name, i) => ['ABC'.charAt(i), { name, roles }]));
  let result: Steadiness | undefined;
  await serving(
    (asked) => {
      if (asked.startsWith('GET /_cluster/health')) return { json: { ...HEALTH, ...health } };
      if (asked.startsWith('GET /_cluster/state/metadata?'))
        return { json: { metadata: { cluster_coordination: { ...VOTES, ...votes } } } };
      return { json: { master_node: 'A', nodes } };
    },
    async (port) => {
      result = await steady(targetOf(port, names, { members: NAMES.length }), { deadlineMs: 2_000 });
    },
  );
  return result ?? assert.fail('there was no look');
}

test('should be steady when every declared member is in and has a vote', async () => {
  const seen = await looking();
  assert.deepEqual([seen.ok, seen.leader], [true, 'es-0'], seen.detail);
});

test('should miss a member that is declared and is not there, even where those that are agree', async () => {
  const seen = await looking({
    names: NAMES.slice(0, 2),
    health: { number_of_nodes: 2, number_of_data_nodes: 2 },
  });
  assert.equal(seen.ok, false);
  assert.match(seen.detail, /expected 3 members, seen 2; .*expected green with 3 nodes/);
});

test('should not be steady while shards move or a node holds no data', async () => {
  for (const health of [
    { status: 'yellow' },
    { relocating_shards: 1 },
    { initializing_shards: 1 },
    { number_of_data_nodes: 2 },
  ])
    assert.equal((await looking({ health })).ok, false, JSON.stringify(health));
});

test('should see that a node was left without its vote, and say how it gets it back', async () => {
  const votes = { last_committed_config: ['B'], voting_config_exclusions: [{ node_name: 'es-0' }] };
  const seen = await looking({ votes });
  assert.equal(seen.ok, false);
  assert.match(
    seen.detail,
    /expected 3 nodes with a vote, seen 1 \(es-0 excluded: DELETE \/_cluster\/voting_config_exclusions/,
  );
});

test('should not be steady when nobody says which nodes have a vote', async () => {
  const seen = await looking({ votes: { last_committed_config: undefined as unknown as string[] } });
  assert.equal(seen.ok, false);
  assert.match(seen.detail, /expected the nodes with a vote in the cluster state, seen none/);
});

/** What members of this version are asked of the cluster's state, in two looks at one of them. */
async function statesAsked(version: string): Promise<string[]> {
  const asked: string[] = [];
  await serving(
    (question) => {
      asked.push(question);
      return { json: { master_node: 'A' } };
    },
    async (port) => {
      const target = targetOf(port, NAMES.slice(0, 1));
      for (const _ of [1, 2]) await steady(target, { deadlineMs: 2_000 });
    },
    { version },
  );
  return asked.filter((question) => question.startsWith('GET /_cluster/state/'));
}

test('should have a node answer with the state that it knows itself, whether its version must be told so or not', async () => {
  for (const version of ['7.17.29', '8.19.1', '9.1.4']) {
    const asked = await statesAsked(version);
    assert.ok(asked.length >= 4, String(asked.length));
    for (const question of asked) assert.match(question, /&local=true$/, version);
  }
  for (const version of ['9.2.0', '9.5.3', '10.0.0'])
    for (const question of await statesAsked(version)) assert.doesNotMatch(question, /local/, version);
});

/** What is made of this answer to a write, at an address that should refuse it. */
async function writing(status: number): Promise<{ refused: boolean; detail: string }> {
  const found: Awaited<ReturnType<typeof refusesWrites>>[] = [];
  await serving(
    () => refusing(status, 'some_exception', 'a reason'),
    async (port) => {
      const at = { host: '127.0.0.1', port };
      found.push(await refusesWrites(at, targetOf(port, NAMES), { deadlineMs: 2_000 }));
    },
  );
  return found[0] ?? assert.fail('it was not asked');
}

test('should take a gate for one that refuses writes, and a server that finds fault with the request for one that takes them', async () => {
  for (const status of [403, 405]) assert.equal((await writing(status)).refused, true, String(status));
  assert.equal((await writing(400)).refused, false);
});

test('should not know whether it refuses writes where it refuses the login, or cannot answer', async () => {
  for (const status of [401, 429, 500, 502, 503])
    await assert.rejects(writing(status), new RegExp(`_bulk\\): status ${status}$`), String(status));
});
