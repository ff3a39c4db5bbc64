import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load } from '../_testing/loads.ts';
import { HEAD } from '../_testing/scripts.ts';

describe('k6', () => {
  it('should sleep no time for what is none, and take no check with a group’s sign in its name', async () => {
    const result = await load(
      `${HEAD}import exec from 'k6/execution'; let early = ''; try { exec.vu.idInTest; } catch (error) { early = error.message; }
      export default () => {
        const begin = Date.now();
        sleep(NaN); sleep(-1); sleep(undefined);
        check(Date.now() - begin, { 'no time': (ms) => ms < 200, 'nothing is known before': () => /exec.vu is not available/.test(early) });
        let thrown = '';
        try { check(1, { first: () => true, 'a::b': () => true }); } catch (error) { thrown = error.message; }
        check(thrown, { thrown: (text) => /'::'/.test(text) });
      }`,
      '',
    );
    assert.deepEqual(
      result.checks.map(({ name, passes }) => [name, passes]),
      [
        ['no time', 1],
        ['nothing is known before', 1],
        ['first', 1],
        ['thrown', 1],
      ],
      JSON.stringify(result.errors),
    );
    const { data_sent: sent } = result.metrics;
    assert.ok(sent?.type === 'counter' && sent.count === 0);
  });
});
