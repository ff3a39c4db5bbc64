/**
 * The owners promote a replica of PostgreSQL in the middle of a trial: the trial fails, since two members took writes. Wants the rehearsal up with
 * PostgreSQL alone: beside other stores two slow cores answer too rarely to count what each member takes.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { waitFor } from '../../host/wait.ts';
import { inMember, replicaOfPostgres, waitReady } from './_helpers/owners.ts';
import { provisionedStores, Workplace } from './_helpers/platform.ts';

const place = new Workplace();
after(() => place.remove());
const rows =
  provisionedStores().find(([store]) => store === 'postgres')?.[1] ?? assert.fail('there is no PostgreSQL');

test('postgres: two members that both take writes during a trial', async () => {
  const check = 'failover/postgres/pod-crash';
  const out = place.folderOf('runs');
  const replica = await replicaOfPostgres(rows);
  const running = place.runInto(out, 'rehearsal', [check]);
  await waitFor(() => (writesIn(out, check) ? true : null), {
    what: `the load of ${check}`,
    deadlineMs: 120_000,
  });
  try {
    await inMember(replica, 'server', ['sh', '-c', LEAD_FOR_FIVE_SECONDS]);
  } finally {
    await inMember(replica, 'server', ['sh', '-c', GO_ON]);
  }
  const { record } = await running;
  const [trial] =
    record.checks.find(({ id }) => id === check)?.trials ?? assert.fail(`the run has no check ${check}`);
  assert.ok(trial);
  const rule = trial.rules?.find(({ id }) => id === 'one-leader/meanwhile');
  assert.equal(rule?.verdict, 'fail', trial.reason);
  assert.match(rule.text, new RegExp(`took writes at the same time: .*${replica.pod}`));
  assert.equal(trial.verdict, 'fail');
  await waitReady(replica);
});

/** Whether the client load of a check has begun to write its history. */
function writesIn(out: string, check: string): boolean {
  const runs = readdirSync(out).filter((name) => name !== 'latest');
  const trial = join('histories', check.replaceAll('/', '.'), 'trial-01', 'client-load.ndjson');
  return runs.some((run) => existsSync(join(out, run, trial)));
}

/** The children of the first process, which keep the server where another one leads: stopped, or going on again. */
const keepers = (signal: string): string =>
  `for p in /proc/[0-9]*; do case "$(cat $p/comm 2>/dev/null) $(cut -d' ' -f4 $p/stat 2>/dev/null)" in 'sh 1'|'repmgrd '*) kill -${signal} \${p#/proc/} ;; esac; done`;
const GO_ON = keepers('CONT');
/** Takes what clients would write there. Nobody follows it, so its commits would wait for ever: these do not wait. */
const LEAD_FOR_FIVE_SECONDS = `${keepers('STOP')}
psql -h /run/pg -U postgres -XAtqc 'SELECT pg_promote()'
for i in $(seq 50); do
  psql -h /run/pg -U postgres -d plumbline -XAtqc "SET synchronous_commit = local; INSERT INTO plumbline_canary.writes (run, n) SELECT run, n + 1000000 FROM plumbline_canary.writes ORDER BY written_at DESC LIMIT 1"
  sleep 0.1
done`;
