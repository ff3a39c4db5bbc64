import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redis } from './index.ts';
import { answerOfMaster, serving, targetOf } from './_testing/server.ts';

test('should give the list its time to live with the first write of each session that the server takes', async () => {
  for (const declared of [{}, { cluster: { replicas: 0 } }]) {
    const asked: string[] = [];
    let pushes = 0;
    await serving(
      (words, port) => {
        const [command = ''] = words;
        if (['RPUSH', 'WAIT', 'EXPIRE'].includes(command)) asked.push(command);
        // The first write is refused.
        if (command === 'RPUSH' && ++pushes === 1)
          return '-NOREPLICAS Not enough good replicas to write.\r\n';
        return answerOfMaster(words, port);
      },
      async (port) => {
        const client = redis.client(targetOf(port, declared).connection, 'run');
        for (const writes of [3, 2]) {
          const session = client.session();
          await session.open(1000);
          const outcomes = [];
          for (let n = 1; n <= writes; n++) outcomes.push((await session.write(n)).outcome);
          assert.equal(outcomes.at(-1), 'ok');
          session.destroy();
        }
      },
    );
    const [plain, expiring] = ['RPUSH WAIT', 'RPUSH WAIT EXPIRE'];
    assert.equal(asked.join(' '), [expiring, expiring, plain, expiring, plain].join(' '));
  }
});
