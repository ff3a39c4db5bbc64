import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunRecord } from '../record/run-record.ts';
import { fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { renderMarkdown } from './markdown.ts';
import { restoredText } from './text.ts';

describe('how an environment was left', () => {
  const left = (over: Partial<RunRecord>, checks = [fixtureCheck('topology/nodes/pools')]): string =>
    restoredText(fixtureRecord(checks, over));

  it('should be as much as is known', () => {
    const restored = { actions: 0, failed: [], steadyAgain: null };
    assert.match(left({ restored }), /^the checks had put back all that they changed/);
    const notBegun = fixtureCheck('topology/nodes/pools', { verdict: 'inconclusive', startedAt: null });
    assert.equal(left({ restored }, [notBegun]), 'nothing was done');
    assert.equal(
      left({ restored, blocked: 'the API server did not answer' }, [notBegun]),
      'not known: the environment could not be asked',
    );
    assert.equal(
      left({ restored: { actions: 0, failed: ['node w is gone'], steadyAgain: false } }),
      'not restored: node w is gone, NOT steady afterwards',
    );
    assert.equal(
      left({ restored: { actions: 2, failed: [], steadyAgain: true } }),
      '2 actions that no check had undone, undone by the run, steady again afterwards',
    );
  });
});

describe('a summary for a merge request', () => {
  const many = (count: number, over: (at: number) => Parameters<typeof fixtureCheck>[1]) =>
    Array.from({ length: count }, (_, at) => fixtureCheck(`topology/check-${at}/x`, over(at)));

  it('should say how many rows it leaves out', () => {
    const failed = renderMarkdown(
      fixtureRecord(
        many(33, () => ({ verdict: 'fail' })),
        { baseline: { id: 'b', text: 'line\n'.repeat(65) } },
      ),
    );
    assert.match(failed, /\n\nand 3 more in report\.html\n\n/);
    assert.match(failed, /\n {4}line\n {4}and 5 more in report\.html\n/);
    const notRun = renderMarkdown(
      fixtureRecord(many(34, (at) => ({ verdict: 'not-run', reason: `reason ${at}`, required: false }))),
    );
    assert.match(notRun, /\n- and 4 more in report\.html\n/);
  });
});
