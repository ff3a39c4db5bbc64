/** Two ways to one PostgreSQL, through its pooler and past it: one trial, and an RTO of each in record and report. Wants the rehearsal up. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { provisionedStores, Workplace } from './_helpers/platform.ts';

const CHECK = 'failover/postgres/pod-crash';

const place = new Workplace();
after(() => place.remove());

for (const [, { paths = {} }] of provisionedStores().filter(([store]) => store === 'postgres'))
  test('a crash of the primary has an RTO of each declared way', async () => {
    const { record, folder } = await place.runIn('rehearsal', [CHECK]);
    const check = record.checks.find(({ id }) => id === CHECK) ?? assert.fail(`no ${CHECK}`);
    const [trial, ...more] = check.trials;
    assert.ok(trial !== undefined && more.length === 0, `${check.verdict}: ${check.reason}`);
    assert.notEqual(check.verdict, 'fail', check.reason);
    assert.ok(trial.landed.proved, trial.landed.by);
    assert.ok(trial.rto !== null && trial.rto.hiMs > 0, 'through the pooler');
    assert.deepEqual(
      trial.paths?.map(({ name }) => name),
      Object.keys(paths),
    );
    for (const { name, rto, rtoNote, outages } of trial.paths) {
      assert.ok(rto !== null && rto.hiMs > 0, `${name}: ${rtoNote ?? 'no RTO'}`);
      assert.ok((outages ?? 0) > 0, name);
    }
    const report = readFileSync(join(folder, 'report.html'), 'utf8');
    for (const name of Object.keys(paths)) assert.match(report, new RegExp(`\\b${name}\\b`));
  });
