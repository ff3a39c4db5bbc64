import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rowOf } from '../../suites/catalogue/index.ts';
import { openHistory } from '../../probes/history.ts';
import { digestsOf, readDigests } from '../record/digests.ts';
import { judgeCheck } from '../record/judging.ts';
import { makeRunFolder, moveLatest, trialFolder } from '../record/run-folder.ts';
import type { RunFolder } from '../record/run-folder.ts';
import { readRun, writeEnd, writePlan, writeSeries } from '../record/run-history.ts';
import { nextTrial, readSeriesOf, refuseOther, resumeSeries, trialsToAppend } from './series.ts';
import { appendToTrial, openTrial } from './trials.ts';

const CHECK = 'failover/postgres/pod-crash';
const parent = mkdtempSync(join(tmpdir(), 'plumbline-series-'));
process.on('exit', () => rmSync(parent, { recursive: true, force: true }));
const fingerprint = { commit: 'c1', environmentSha256: 'e1', clusterUid: 'u1' };
const sourceOf = ({ id: run }: { id: string }) => ({
  check: CHECK,
  run,
  environment: 'local',
  goals: { rtoSeconds: 30, lostWrites: 0 },
  settings: {},
});
const row = rowOf(CHECK);

async function endTrial(of: Pick<RunFolder, 'id' | 'histories'>, trial: number): Promise<void> {
  const writer = openHistory(await openTrial(of.histories, trial, sourceOf(of)), 'check.ndjson');
  writer.observe({ kind: 'end' });
  await writer.close();
}

/** Two trials that ended, one that was interrupted, one that was killed in the middle of its header. */
async function leftBehind() {
  assert.ok(row);
  const folder = makeRunFolder(parent, 'local');
  const planned = {
    row,
    goals: {},
    goalSource: 'none',
    goalText: '',
    required: true,
    trials: 6,
    notRun: null,
  } as const;
  await writePlan(folder.histories, {
    id: folder.id,
    environment: 'local',
    scope: 'selection',
    planned: [planned],
  });
  const startedAt = '2026-11-24T20:00:00.000Z';
  await writeSeries(folder.histories, { check: CHECK, env: 'local', trials: 6, startedAt, fingerprint });
  await endTrial(folder, 1);
  await endTrial(folder, 2);
  const cut = await openTrial(folder.histories, 3, sourceOf(folder));
  await appendToTrial(cut, [
    { kind: 'runner-verdict', verdict: 'inconclusive', message: 'not finished: interrupted by SIGINT' },
  ]);
  await writeEnd(folder.histories, {
    interrupted: 'SIGINT',
    restored: { actions: 0, failed: [], steadyAgain: null },
  });
  const killed = trialFolder(folder.histories, CHECK, 4);
  mkdirSync(killed);
  appendFileSync(join(killed, 'check.ndjson'), '{"kind":"header","sch');
  return folder;
}

test('should find the trials that came to their end, those that were cut off, and how many are missing', async () => {
  const folder = await leftBehind();
  const series = await readSeriesOf(folder.path, '/nowhere');
  assert.deepEqual([series.ended, series.cut, nextTrial(series)], [[1, 2], [3, 4], 5]);
  assert.equal((await readSeriesOf(folder.id, parent)).folder.path, folder.path);
  assert.equal(trialsToAppend(series, undefined), 4);
  assert.equal(trialsToAppend(series, 10), 10);
  assert.throws(
    () => trialsToAppend({ ...series, ended: [1, 2, 3, 4, 5, 6] }, undefined),
    /already has all 6 trials/,
  );
});

test('should resume the run that latest points at under its own name', async () => {
  const { id, path } = await leftBehind();
  moveLatest({ id, path, histories: join(path, 'histories'), parent });
  const { folder } = await readSeriesOf('latest', parent);
  assert.deepEqual([folder.id, folder.path, folder.parent], [id, path, parent]);
  moveLatest(folder);
  assert.equal(readlinkSync(join(parent, 'latest')), id);
});

test('should refuse trials of another commit, environment or cluster with 64, saying which', async () => {
  const series = await readSeriesOf((await leftBehind()).path, parent);
  refuseOther(series, fingerprint);
  for (const [key, word] of [
    ['commit', 'commit of the harness'],
    ['environmentSha256', 'environment file'],
    ['clusterUid', 'cluster'],
  ] as const) {
    assert.throws(
      () => refuseOther(series, { ...fingerprint, [key]: 'other' }),
      (error: Error & { exitCode?: number }) => {
        assert.equal(error.exitCode, 64);
        assert.match(error.message, new RegExp(`cannot be resumed.*\\n  ${word}.*now other`));
        return true;
      },
    );
  }
});

test('should refuse what is no drill with 64', async () => {
  const folder = makeRunFolder(parent, 'local');
  await assert.rejects(readSeriesOf(folder.path, parent), /cannot be resumed: .*not the folder of a run/);
  assert.ok(row);
  await writePlan(folder.histories, { id: folder.id, environment: 'local', scope: 'selection', planned: [] });
  await assert.rejects(readSeriesOf(folder.path, parent), /holds no drill/);
  await assert.rejects(readSeriesOf('nowhere', parent), /no run "nowhere": there is no histories in/);
});

test('should refuse with 64 to resume trials that were changed since their run, naming the file', async () => {
  const { path, histories } = await leftBehind();
  const digests = await digestsOf(histories);
  writeFileSync(join(path, 'run.json'), JSON.stringify({ digests }));
  assert.deepEqual((await readSeriesOf(path, parent)).ended, [1, 2]);
  appendFileSync(join(trialFolder(histories, CHECK, 2), 'check.ndjson'), '{"kind":"resumed","t":2}\n');
  await assert.rejects(readSeriesOf(path, parent), (error: Error & { exitCode?: number }) => {
    assert.equal(error.exitCode, 64);
    assert.match(
      error.message,
      /cannot be resumed: its history was changed since its run: .*trial-02\/check\.ndjson/,
    );
    return true;
  });
  assert.deepEqual(readDigests(path), digests, 'the digests are those of the run');
});

test('should list what was cut off without counting it, and let an earlier interruption rest', async () => {
  const folder = await leftBehind();
  assert.match((await judgeCheck(folder.histories, CHECK)).reason, /cannot be read|interrupted by SIGINT/);
  const series = await readSeriesOf(folder.path, parent);
  await resumeSeries(series, sourceOf(series.folder));
  assert.equal(readRun(folder.histories).end, null, 'the end of the session before is not that of the run');
  await endTrial(folder, 5);
  const { trials = [], reason } = await judgeCheck(folder.histories, CHECK);
  assert.deepEqual(
    trials.map(({ trial }) => trial),
    [1, 2, 3, 4, 5],
  );
  for (const cut of [3, 4]) {
    const record = trials.find(({ trial }) => trial === cut);
    assert.equal(record?.verdict, 'inconclusive');
    assert.match(record.reason, /^cut off: the run ended in the middle of this trial/);
  }
  assert.doesNotMatch(reason, /SIGINT/);
  assert.doesNotMatch(trials.find(({ trial }) => trial === 5)?.reason ?? '', /cut off/);
  assert.ok(
    readdirSync(trialFolder(folder.histories, CHECK, 4)).includes('check.ndjson.cut'),
    'kept as evidence',
  );
  await appendToTrial(trialFolder(folder.histories, CHECK, 5), [
    { kind: 'runner-verdict', verdict: 'inconclusive', message: 'interrupted once more' },
  ]);
  assert.equal((await judgeCheck(folder.histories, CHECK)).reason, 'interrupted once more');
});

test('should repeat a trial whose permit had ended, and count it no more once its series has gone on', async () => {
  const { id, histories, path } = makeRunFolder(parent, 'local');
  await writePlan(histories, { id, environment: 'local', scope: 'selection', planned: [] });
  const startedAt = '2026-11-24T20:00:00.000Z';
  await writeSeries(histories, { check: CHECK, env: 'local', trials: 3, startedAt, fingerprint });
  await endTrial({ id, histories }, 1);
  const message = 'pod-crash of shop/postgres-0: not permitted in the cluster: it ended';
  // As check.end leaves it.
  await appendToTrial(await openTrial(histories, 2, sourceOf({ id })), [
    { kind: 'no-fault', reason: message },
    { kind: 'runner-verdict', verdict: 'inconclusive', message },
  ]);
  assert.equal((await judgeCheck(histories, CHECK)).reason, message);
  const series = await readSeriesOf(path, parent);
  assert.deepEqual([series.ended, series.cut, trialsToAppend(series, undefined)], [[1], [2], 2]);
  await resumeSeries(series, sourceOf({ id }));
  await endTrial({ id, histories }, 3);
  const { reason, trials = [] } = await judgeCheck(histories, CHECK);
  assert.doesNotMatch(reason, /not permitted/);
  assert.deepEqual(
    trials.map(({ cutOff }) => cutOff),
    [undefined, message, undefined],
  );
});

test('should not let a trial that crashed leave its series by being resumed', async () => {
  const folder = await leftBehind();
  await appendToTrial(await openTrial(folder.histories, 5, sourceOf(folder)), [
    {
      kind: 'runner-verdict',
      verdict: 'inconclusive',
      message: 'the check crashed: not undone: x',
      crashed: true,
    },
  ]);
  await resumeSeries(await readSeriesOf(folder.path, parent), sourceOf(folder));
  await endTrial(folder, 6);
  const { verdict, reason, trials = [] } = await judgeCheck(folder.histories, CHECK);
  assert.equal(verdict, 'inconclusive');
  assert.equal(reason, 'the check crashed: not undone: x');
  assert.match(
    trials.find(({ trial }) => trial === 5)?.reason ?? '',
    /^cut off: the check crashed: not undone/,
  );
});
