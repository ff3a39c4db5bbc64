import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunRecord } from '../record/run-record.ts';
import { fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { renderHtml } from './html.ts';
import { renderMarkdown } from './markdown.ts';
import { renderTerminal } from './terminal.ts';
import { restoredText } from './text.ts';

const UNSEEN = [
  'whether worker-1 is back: the API server did not answer',
  'whether worker-2 is back: the API server did not answer',
];

/** Eleven failed checks, and an environment of which two parts could not be looked at afterwards. */
const failing = (): RunRecord => {
  const checks = Array.from({ length: 11 }, (_, at) =>
    fixtureCheck(`topology/check-${at}/x`, { verdict: 'fail', reason: `reason ${at}` }),
  );
  return fixtureRecord(checks, {
    restored: { actions: 0, failed: [], steadyAgain: true, unseen: UNSEEN },
  });
};

describe('what could not be observed after a run', () => {
  const text = (page: string): string => page.replace(/\s+/g, ' ');

  it('should be said in full, before the reasons of checks', () => {
    const page = text(renderHtml(failing()));
    const reasons = page.slice(page.indexOf('Why not met'), page.indexOf('</header>'));
    const places = [...UNSEEN, 'topology/check-0/x'].map((one) => reasons.indexOf(one));
    assert.ok(places[0] !== -1 && places.every((place, at) => place > (places[at - 1] ?? -1)), reasons);
    assert.match(reasons, /and 3 more below/);
    const markdown = renderMarkdown(failing());
    assert.ok(markdown.indexOf('worker-2 is back') < markdown.indexOf('topology/check-0/x'));
    assert.ok(markdown.includes('worker-2 is back'));
    const terminal = renderTerminal(failing(), { reportPath: 'r' });
    assert.match(
      terminal,
      /Needs attention\n.*worker-1 is back.*\n.*worker-2 is back.*\n {2}✗ fail topology/,
    );
  });

  it('should be said where the page tells how the environment was left', () => {
    assert.match(
      text(renderHtml(failing())),
      /<dt>Afterwards<\/dt> <dd>[^<]*; could not be observed: whether worker-1/,
    );
  });
});

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
