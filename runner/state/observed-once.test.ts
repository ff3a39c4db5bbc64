import { monoMs } from '../../host/clock.ts';
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { wholeRules } from '../../reports/judge/evidence/whole.ts';
import { readHistory } from '../../reports/record/history/read-history.ts';
import { loadEnvironment } from '../../env/loader.ts';
import { Observations } from '../../suites/harness/observations.ts';
import { headerSettings } from '../plan/environment-parts.ts';
import { ObservedOnce } from './observed-once.ts';
import { openTrial } from './trials.ts';

const root = mkdtempSync(join(tmpdir(), 'plumbline-once-'));
after(() => rmSync(root, { recursive: true }));

const environment = await loadEnvironment('local-small');
let count = 0;
const newRun = (): string => join(root, String(++count));
const trialOf = (histories: string, check: string, trial = 1): Promise<string> =>
  openTrial(histories, trial, {
    check,
    environment: 'local',
    goals: { releaseSeconds: check === 'gpu/release' ? 30 : 7 },
    settings: headerSettings(check, environment),
  });
const SEEN = 'gpu/all-taken';
const textOf = (trial: string): string => readFileSync(join(trial, 'check.ndjson'), 'utf8');

/** A trial of a run in which something was observed this long ago. */
async function observed(once: ObservedOnce, histories: string, agoMs = 0): Promise<string> {
  const trial = await trialOf(histories, 'gpu/exhausted');
  const began = monoMs() - agoMs;
  const text = textOf(trial).replace(/"monoMs":[\d.]+/, `"monoMs":${began}`);
  writeFileSync(join(trial, 'check.ndjson'), text);
  const t = began + 1;
  appendFileSync(
    join(trial, 'check.ndjson'),
    `{"kind":"gpu-busy","t":${t},"free":0,"offered":2,"needed":1}\n`,
  );
  once.keep(SEEN, trial);
  return trial;
}

test('should give a check what another one has seen, with its times, as a whole history of its own', async () => {
  const once = new ObservedOnce();
  const histories = newRun();
  const first = await observed(once, histories, 300_000);
  // What the first one does afterwards is its own.
  appendFileSync(join(first, 'check.ndjson'), '{"kind":"end","t":1}\n');
  const trial = await trialOf(histories, 'gpu/release');
  const observations = new Observations(trial);
  assert.equal(once.observerOf(SEEN, trial), 'gpu/exhausted');
  once.give(SEEN, trial);
  observations.append('end');
  observations.close();
  const history = await readHistory(trial);
  assert.deepEqual([history.header.check, history.header.goals], ['gpu/release', { releaseSeconds: 30 }]);
  assert.deepEqual(
    history.observations.map(({ kind }) => kind),
    ['gpu-busy', 'end'],
  );
  assert.equal(textOf(trial).split('\n')[1], textOf(first).split('\n')[1]);
  assert.deepEqual(new Set(wholeRules(history).map(({ verdict }) => verdict)), new Set(['pass']));
});

test('should give what the runner recorded for the check with it, and not what it added afterwards', async () => {
  const once = new ObservedOnce();
  const histories = newRun();
  const first = await trialOf(histories, 'performance/api/latency');
  appendFileSync(join(first, 'load.ndjson'), 'a second\n');
  appendFileSync(join(first, 'pressure.ndjson'), 'a look\n');
  appendFileSync(join(first, 'runner.ndjson'), 'a remark\n');
  once.keep('performance/steady', first);
  appendFileSync(join(first, 'pressure.ndjson'), 'another look\n');
  const trial = await trialOf(histories, 'performance/api/availability');
  // Its own pressure is being recorded already.
  appendFileSync(join(trial, 'pressure.ndjson'), 'its own look\n');
  once.give('performance/steady', trial);
  assert.deepEqual(readdirSync(trial).toSorted(), ['check.ndjson', 'load.ndjson', 'pressure.ndjson']);
  assert.equal(readFileSync(join(trial, 'load.ndjson'), 'utf8'), 'a second\n');
  assert.equal(readFileSync(join(trial, 'pressure.ndjson'), 'utf8'), 'its own look\na look\nanother look\n');
});

test('should have it observed again after ten minutes, in another trial, and in a control, which has histories of its own', async () => {
  const once = new ObservedOnce();
  const histories = newRun();
  await observed(once, histories);
  assert.equal(once.observerOf(SEEN, await trialOf(histories, 'gpu/release')), 'gpu/exhausted');
  assert.equal(once.observerOf(SEEN, await trialOf(histories, 'gpu/release', 2)), null);
  assert.equal(once.observerOf(SEEN, await trialOf(newRun(), 'gpu/release')), null);
  assert.equal(once.observerOf('gpu/another', await trialOf(histories, 'gpu/release')), null);
  await observed(once, histories, 600_001);
  assert.equal(once.observerOf(SEEN, await trialOf(histories, 'gpu/release')), null);
});

test('should not mix what was seen with what a check has recorded before', async () => {
  const once = new ObservedOnce();
  const histories = newRun();
  await observed(once, histories);
  const trial = await trialOf(histories, 'gpu/release');
  appendFileSync(join(trial, 'check.ndjson'), '{"kind":"gpu-busy","t":5,"free":0,"offered":2,"needed":1}\n');
  const before = textOf(trial);
  assert.throws(() => once.give(SEEN, trial), /gpu\/all-taken cannot be given to gpu\/release, which has/);
  assert.equal(textOf(trial), before);
});
