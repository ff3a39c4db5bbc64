import assert from 'node:assert/strict';
import { describe as group, it } from 'node:test';
import { CLUSTER_GOVERNING, GOVERNING } from './declaration.ts';
import { redis } from './index.ts';
import { answerOfMaster, serving, targetOf } from './_testing/server.ts';

const BOUNDS = { deadlineMs: 2_000 };
const OF_MASTER = Object.keys(GOVERNING.master);
const OF_CLUSTER = Object.keys(CLUSTER_GOVERNING.master);
const WAIT = Object.keys(GOVERNING.wait);
const CLUSTER = { cluster: { replicas: 0 } };

group('the settings of a Redis before 7.0, which gives one at a time', () => {
  it('should be read from every member, with its folder', async () => {
    for (const [declared, names] of [
      [{}, OF_MASTER],
      [CLUSTER, OF_CLUSTER],
    ] as const)
      await serving(answerOfMaster, async (port) => {
        const [facts] = await redis.servers(targetOf(port, declared), BOUNDS);
        assert.equal(facts?.failed, undefined);
        assert.deepEqual(
          facts?.settings.map(({ name }) => name),
          names,
        );
        assert.deepEqual(facts.dataFolders, ['a value']);
      });
  });

  it('should govern, without those of Sentinels where none are declared', async () => {
    for (const [declared, names] of [
      [{}, OF_MASTER],
      [CLUSTER, OF_CLUSTER],
    ] as const)
      await serving(answerOfMaster, async (port) => {
        const governing = await redis.governing(targetOf(port, declared), BOUNDS);
        assert.deepEqual(
          governing.map(({ name }) => name),
          [...names, ...WAIT],
        );
        assert.ok(governing.every(({ value }) => value !== ''));
        assert.equal(redis.expectedWindow('hang', governing), null);
      });
  });
});

it('should describe the members of a store that lets nobody read its settings', async () => {
  const refusing: typeof answerOfMaster = (words, port) =>
    words[0] === 'CONFIG'
      ? "-NOPERM User u has no permissions to run the 'config|get' command\r\n"
      : answerOfMaster(words, port);
  for (const declared of [{}, CLUSTER])
    await serving(refusing, async (port) => {
      const { leader, governing } = await redis.describe(targetOf(port, declared), BOUNDS);
      assert.deepEqual([leader, governing], ['redis-0', []]);
    });
});
