import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../topology/testing.ts';
import type { Seen } from '../topology/testing.ts';

const draft = (model: string, more: Record<string, unknown> = {}): Seen => [
  'draft',
  { model, status: 200, ms: 400, degraded: model !== 'usual', characters: 120, ...more },
];
const SCAN = { logs: 31, lines: 5200, found: [], unread: [], cut: [] };
const scan = (more: Record<string, unknown> = {}): Seen => ['key-scan', { ...SCAN, ...more }];
const USUAL = [draft('usual'), draft('usual')];
const WITHOUT = ['busy', 'broken', 'silent'].map((model) => draft(model));

const llm = (...seen: Seen[]) =>
  judge({ check: 'integrations/llm', goals: { answerSeconds: 3, degradedSeconds: 10 }, seen });

describe('integrations/llm', () => {
  it('should pass when drafts come with and without the model, and its token is in no log', () => {
    const judgement = llm(...USUAL, ...WITHOUT, scan());
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.equal(judgement.figures.find(({ name }) => name === 'slowest draft')?.value, 0.4);
  });

  it('should fail when a draft is late, degraded without need, or an error', () => {
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ ms: 3100 }, /a draft by the model after 3\.1 s/],
      [{ degraded: true }, /a degraded draft/],
      [{ status: 502 }, /status 502/],
      [{ characters: 0 }, /without a text/],
      [{ status: undefined, error: 'ECONNRESET' }, /no answer: ECONNRESET/],
    ];
    for (const [more, pattern] of cases) {
      const judgement = llm(draft('usual', more), ...WITHOUT, scan());
      assert.equal(judgement.verdict, 'fail');
      assert.match(judgement.reason, pattern);
    }
  });

  it('should fail when the model is busy and that becomes an error, or a draft as if by the model', () => {
    for (const more of [{ status: 500 }, { degraded: false }, { ms: 10_001 }])
      assert.equal(llm(...USUAL, draft('busy', more), ...WITHOUT.slice(1), scan()).verdict, 'fail');
  });

  it('should fail when the token is in a log, and say in which', () => {
    const judgement = llm(...USUAL, ...WITHOUT, scan({ found: [{ log: 'tender/x main', lines: 2 }] }));
    assert.equal(judgement.verdict, 'fail');
    assert.match(judgement.reason, /log of tender\/x main.*2 of its lines hold it/);
  });

  it('should claim nothing of what was not tried or could not be read', () => {
    const untried: Seen = ['not-tried', { model: 'busy', reason: 'no control is declared' }];
    const open = llm(...USUAL, ...WITHOUT.slice(1), untried, scan());
    assert.equal(open.verdict, 'inconclusive');
    assert.match(open.reason, /the model answers 429.*no control is declared/);
    assert.equal(llm(...USUAL, ...WITHOUT).verdict, 'inconclusive');
    assert.equal(
      llm(...USUAL, ...WITHOUT, ['key-scan-failed', { reason: 'no Secret' }]).verdict,
      'inconclusive',
    );
    const unread = scan({ unread: [{ log: 'tender/y main', reason: 'gone' }] });
    assert.equal(llm(...USUAL, ...WITHOUT, unread).verdict, 'inconclusive');
    const cut = llm(...USUAL, ...WITHOUT, scan({ cut: ['tender/z main'] }));
    assert.equal(cut.verdict, 'inconclusive');
    assert.match(cut.reason, /log of tender\/z main.*only a part of it was read/);
    assert.equal(llm(scan()).verdict, 'inconclusive');
    const readOnly = judge({ check: 'integrations/llm', settings: { writes: false }, seen: [scan()] });
    assert.equal(readOnly.verdict, 'pass');
    assert.match(readOnly.seen, /no draft was asked for/);
    assert.equal(llm().verdict, 'inconclusive');
  });
});
