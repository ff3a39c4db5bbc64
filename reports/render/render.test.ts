import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { diffRuns, renderAll, renderTerminal } from '../index.ts';
import { runRecordSchema } from '../record/run-record.ts';
import type { CheckResult, RunRecord } from '../record/run-record.ts';
import { ACCEPTED_RUNS, acceptedRun } from '../_testing/accepted.ts';
import { drillRecord, fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { fixtureTrial } from './_testing/fixture-trial.ts';
import { renderHtml } from './html.ts';
import { MAX_PAGE_BYTES } from './html/limits.ts';
import { MAX_LINES } from './terminal.ts';

const RECORDS: Record<string, RunRecord> = {
  ...Object.fromEntries(ACCEPTED_RUNS.map((name) => [name, acceptedRun(name)])),
  empty: fixtureRecord([]),
};

/** Texts that a pod, a label or a log line may hold. Each breaks some format unless it is escaped. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'a ]]> b',
  'line one\nline two\r\n# HELP fake 1',
  '| a | b |',
  '`code` @team #12 ![x](http://example.invalid/x.png)',
  '\u001b[31mred\u001b]0;title\u0007\u0000',
  '\u202Egnp.exe \ud800',
  'quote \' and " and \\ and &amp;',
  '</style></title><!--',
];

function hostileCheck(text: string, verdict: CheckResult['verdict']): CheckResult {
  return fixtureCheck(`topology/${text}/x`, {
    title: text,
    goal: text,
    verdict,
    reason: text,
    expected: text,
    seen: text,
    stubbed: [text],
    rules: [
      { id: text, verdict: 'pass', text },
      { id: text, verdict: 'fail', text },
      { id: text, verdict: 'inconclusive', text },
    ],
    required: true,
    figures: [{ name: text, value: text, unit: text, goal: text }],
    findings: [{ subject: text, ok: false, expected: text, seen: text }],
    findingsTotal: 3,
    evidence: [{ source: text, text, at: text }],
    steps: [{ title: text, durationMs: 1, error: text }],
    history: text,
    rerun: text,
    trials: [
      {
        ...fixtureTrial(),
        store: text,
        fault: text,
        target: text,
        reason: text,
        rtoNote: text,
        leaderAfter: text,
        governing: [{ name: text, value: text, source: text }],
      },
    ],
  });
}

function hostileRecord(text: string): RunRecord {
  const checks = (['fail', 'inconclusive', 'pass', 'not-run'] as const).map((verdict) =>
    hostileCheck(text, verdict),
  );
  const record = fixtureRecord(checks, { notes: [text], command: text, id: text });
  record.environment = { ...record.environment, name: text, clusterVersion: text, file: text };
  record.sentence = `${text}: NOT MET`;
  record.reasons.push({ check: null, text });
  record.baseline = { id: text, text: 'Nothing changed.' };
  record.restored.failed.push(text);
  record.apiCalls.byKind[text] = 1;
  return record;
}

/** Tags of a page in order, as a browser would open and close them; throws where they do not nest. */
function assertNested(page: string): void {
  const VOID = new Set(['meta', 'link', 'br', 'img', 'input', 'path', 'rect', 'line', 'circle', 'use']);
  const open: string[] = [];
  const body = page.replace(/<style>[^]*?<\/style>|<script>[^]*?<\/script>|<!doctype html>/g, '');
  for (const [, close, name, end] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^<>]*?(\/?)>/g)) {
    if (name === undefined || VOID.has(name) || end === '/') continue;
    if (close === '') open.push(name);
    else assert.equal(open.pop(), name, `</${name}> closes something else`);
  }
  assert.deepEqual(open, []);
}

/** A strict reader of the XML that JUnit needs: elements, attributes, the five entities and numeric references. */
function assertXml(text: string): void {
  const open: string[] = [];
  let rest = text.replace(/^<\?xml [^?]*\?>\s*/, '');
  while (rest !== '') {
    const token =
      /^(?:<\/([\w-]+)\s*>|<([\w-]+)((?:\s+[\w-]+="(?:[^<&"\n\t]|&(?:amp|lt|gt|quot|#\d+);|&#39;)*")*)\s*(\/?)>|(?:[^<&]|&(?:amp|lt|gt|quot|#\d+);)+)/.exec(
        rest,
      );
    assert.ok(token, `not XML at: ${rest.slice(0, 60)}`);
    const [whole, close, name, , empty] = token;
    assert.ok(!whole.includes(']]>') || whole.startsWith('<'), 'a literal ]]> in text');
    if (close !== undefined) assert.equal(open.pop(), close);
    if (name !== undefined && empty !== '/') open.push(name);
    rest = rest.slice(whole.length);
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(text, /(?![\t\n\r])\p{Cc}|[\ufffe\uffff]/u);
}

describe('every report', () => {
  for (const [name, record] of Object.entries(RECORDS)) {
    it(`should be made of a record that is ${name}`, async () => {
      runRecordSchema.parse(record);
      const files = await renderAll(record);
      assert.deepEqual(Object.keys(files).sort(), ['junit.xml', 'metrics.prom', 'report.html', 'summary.md']);
      assertNested(files['report.html'] ?? '');
      assertXml(files['junit.xml'] ?? '');
      assert.deepEqual(await renderAll(record), files, 'the same record gives the same reports');
    });
  }

  for (const text of HOSTILE) {
    it(`should not be broken by ${JSON.stringify(text)}`, async () => {
      const record = hostileRecord(text);
      const files = await renderAll(record);
      assertPage(files['report.html'] ?? '');
      assertXml(files['junit.xml'] ?? '');
      // Four checks, the environment that was left broken, and the run itself.
      assert.equal(files['junit.xml']?.match(/<testcase /g)?.length, 6);
      assertMetrics(files['metrics.prom'] ?? '');
      assertSummary(files['summary.md'] ?? '');
      const terminal = renderTerminal(record, { reportPath: text });
      assert.doesNotMatch(terminal, CONTROLS);
      assert.ok(terminal.trimEnd().split('\n').length <= MAX_LINES);
      assert.doesNotMatch(diffRuns(record, acceptedRun('met')).text, CONTROLS);
    });
  }
});

/** Everything that a terminal would obey, newline excepted. */
const CONTROLS = /(?!\n)\p{Cc}|\u202e/u;

function assertPage(page: string): void {
  assertNested(page);
  assert.equal(page.match(/<script\b/g)?.length, 1);
  assert.doesNotMatch(page, /<img|<!--/);
}

function assertMetrics(text: string): void {
  const lines = text.trimEnd().split('\n');
  assert.equal(lines.at(-1), '# EOF');
  for (const line of lines) assert.match(line, /^(# (HELP|TYPE|EOF)|plumbline_[a-z_]+\{.*\} [\d.+eInf-]+$)/);
}

function assertSummary(text: string): void {
  for (const line of text.split('\n').filter((one) => one.startsWith('| '))) {
    assert.ok([4, 6].includes(line.split(/(?<!\\)\|/).length - 2), `cells of: ${line}`);
  }
  assert.doesNotMatch(text, /<(script|img)|@team|(?<!\\)!\[|(?<!\\)`|(?<!&)#12/);
}

describe('renderHtml', () => {
  const page = renderHtml(acceptedRun('not-met'));

  it('should load and send nothing', () => {
    const script = /<script>([^]*)<\/script>/.exec(page)?.[1] ?? assert.fail('a script was expected');
    const hash = createHash('sha256').update(script).digest('base64');
    const policy =
      /Content-Security-Policy"\s+content="([^"]*)"/.exec(page)?.[1]?.replaceAll('&#39;', "'") ?? '';
    assert.match(policy, /^default-src 'none';/);
    assert.ok(
      policy.includes(`script-src 'sha256-${hash}'`),
      'the policy allows the script of this page and no other',
    );
    assert.doesNotMatch(page, /(src|href)="(?!#)|url\(|@import|https?:/i);
  });

  it('should name a sum of writes that does not hold', () => {
    assert.doesNotMatch(page, /differs by/);
    const record = acceptedRun('not-met');
    const writes = record.checks.flatMap(({ trials }) => trials)[0]?.writes ?? assert.fail();
    writes.present -= 5;
    assert.match(renderHtml(record), /differs by 5/);
  });

  it('should stay below 2 MB whatever a record holds', () => {
    const record = drillRecord(1200);
    const check = record.checks[0] ?? assert.fail('a check was expected');
    check.evidence = Array.from({ length: 300 }, (_, index) => ({
      source: `log ${index}`,
      text: '<&>'.repeat(20_000),
    }));
    const large = Buffer.byteLength(renderHtml(record));
    assert.ok(large <= MAX_PAGE_BYTES, `${large} bytes`);
    const hundred = Buffer.byteLength(renderHtml(drillRecord(100)));
    assert.ok(hundred < 300_000, `${hundred} bytes for 100 trials`);
  });

  it('should have one element an id, and a target for every link within the page', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    assert.equal(new Set(ids).size, ids.length);
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g))
      assert.ok(ids.includes(target), `no target ${target}`);
  });
});

describe('other formats', () => {
  it('false verdict 25: a page of cases alone is red for an environment that was left broken', async () => {
    assert.match(
      (await renderAll(acceptedRun('not-met')))['junit.xml'] ?? '',
      /<testsuite name="environment"[^>]*>\s*<testcase [^>]*><failure type="fail" message="not restored: node worker-2/,
    );
  });

  it('should end the terminal summary with the verdict and the path, within 40 lines', () => {
    for (const record of Object.values(RECORDS)) {
      const lines = renderTerminal(record, { reportPath: 'runs/latest/report.html' }).trimEnd().split('\n');
      assert.ok(lines.length <= MAX_LINES);
      assert.deepEqual(lines.slice(-2), [record.sentence, 'report: runs/latest/report.html']);
    }
  });
});

describe('diffRuns', () => {
  it('should not call a failure better that could not be looked at again', () => {
    const now = acceptedRun('not-met');
    const before = structuredClone(now);
    const [one] = now.checks.filter(({ verdict }) => verdict === 'fail');
    assert.ok(one);
    one.verdict = 'inconclusive';
    const diff = diffRuns(now, before);
    assert.deepEqual([diff.better, diff.worse, diff.unknown.map(({ id }) => id)], [[], [], [one.id]]);
    assert.match(diff.text, /Failed before, not known now/);
  });

  it('should not blame the store for a trial in which no fault was injected', () => {
    const before = drillRecord();
    const now = structuredClone(before);
    for (const trial of now.checks.flatMap(({ trials }) => trials)) {
      trial.landed.injected = false;
      trial.rto = null;
    }
    assert.doesNotMatch(diffRuns(now, before).text, /never steady again/);
  });

  it('should not count writes that were not read back as 0 lost', () => {
    const withTrials = (...trials: ReturnType<typeof fixtureTrial>[]): RunRecord => {
      const record = structuredClone(drillRecord());
      for (const check of record.checks) if (check.trials.length > 0) check.trials = trials;
      return record;
    };
    const unread = { ...fixtureTrial({}), writes: null };
    const [none] = diffRuns(withTrials(unread), withTrials(fixtureTrial({}))).failover;
    assert.deepEqual([none?.lostBefore, none?.lostAfter], [0, null]);
    assert.match(diffRuns(withTrials(unread), withTrials(fixtureTrial({}))).text, /lost 0 → not read back/);
    const some = diffRuns(
      withTrials(fixtureTrial({}), unread),
      withTrials(fixtureTrial({}), fixtureTrial({})),
    );
    assert.match(some.text, /lost 0 → 0 \(1 of 2 read back\)/);
    assert.deepEqual(diffRuns(withTrials(unread), withTrials(unread)).failover, []);
  });
});

it('false verdict 15: every report of a selection says that it is one, and none says MET', async () => {
  const record = fixtureRecord([fixtureCheck('topology/nodes/pools')], {
    scope: 'selection',
    profile: 'gate',
  });
  assert.equal(record.sentence, 'local: selection of 1: passed, 1 of 1 checks');
  const reports: Record<string, string> = {
    ...(await renderAll(record)),
    terminal: renderTerminal(record, { reportPath: 'r' }),
  };
  for (const [name, report] of Object.entries(reports)) {
    assert.doesNotMatch(report, /\bMET\b/, name);
    assert.match(report, /selection/, name);
  }
  assert.match(reports['report.html'] ?? '', /<strong class="v-pass">passed<\/strong/);
  assert.match(reports['report.html'] ?? '', /selection of profile gate/);
  const whole = fixtureRecord([fixtureCheck('topology/nodes/pools')], { profile: 'gate' });
  const { text } = diffRuns(record, whole);
  assert.match(text, /^MET \(.*\) → passed \(/);
  assert.match(text, /scope: profile → selection/);
});
