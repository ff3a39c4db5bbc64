/**
 * The owners break something, one thing at a time: the check that is about it fails and says what is wrong. Afterwards it is put back. Wants the
 * rehearsal up. PLUMBLINE_STORES names the stores to try, separated by commas.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { waitFor } from '../../host/wait.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import {
  addMember,
  inMember,
  leavePending,
  membersOf,
  replicaOfPostgres,
  sqlIn,
  waitReady,
  whileBroken,
} from './_helpers/owners.ts';
import { provisionedStores, Workplace } from './_helpers/platform.ts';

const DECLARED = 'topology/workloads/declared';
const ROLES = 'topology/workloads/roles';
const DURABILITY = 'topology/storage/durability';

const place = new Workplace();
const stores = provisionedStores();
after(() => place.remove());

type Check = RunRecord['checks'][number];

function checkIn({ checks }: RunRecord, id: string): Check {
  return checks.find((one) => one.id === id) ?? assert.fail(`the run has no check ${id}`);
}

/** Fails unless the check does, and says this. */
function assertFails(record: RunRecord, id: string, words: RegExp): void {
  const { verdict, reason, rules = [] } = checkIn(record, id);
  assert.equal(verdict, 'fail', `${id}: ${reason}`);
  assert.match([reason, ...rules.map(({ text }) => text)].join('\n'), words, id);
}

for (const [store, rows] of stores) {
  const members = membersOf(rows);
  const last = members.at(-1);
  if (last === undefined) continue;

  test(`${store}: a declared member that is Pending`, async () => {
    const member = store === 'postgres' ? await replicaOfPostgres(rows) : last;
    const record = await whileBroken(
      () => leavePending(member),
      () => place.run('rehearsal', [DECLARED, ROLES]),
    );
    assertFails(
      record,
      DECLARED,
      new RegExp(`ready replicas of StatefulSet ${member.namespace}/${member.set}: expected`),
    );
    assertFails(record, ROLES, new RegExp(`${store}.*expected ${members.length}|${store} ${member.pod}`));
  });

  test(`${store}: one member more than is declared`, async () => {
    const record = await whileBroken(
      () => addMember(members),
      () => place.run('rehearsal', [DECLARED]),
    );
    const own = members.filter(({ set }) => set === last.set).length;
    assertFails(
      record,
      DECLARED,
      new RegExp(`replicas of StatefulSet ${last.namespace}/${last.set}: expected ${own}, seen ${own + 1}`),
    );
  });
}

for (const [, rows] of stores.filter(([store]) => store === 'postgres')) {
  test('postgres: a replica that does not flush', async () => {
    const member = await replicaOfPostgres(rows);
    const set = async (statement: string, wanted: string): Promise<void> => {
      await sqlIn(member, statement);
      await sqlIn(member, 'SELECT pg_reload_conf()');
      await waitFor(async () => ((await sqlIn(member, 'SHOW fsync')) === wanted ? true : null), {
        what: `fsync of ${member.pod} to be ${wanted}`,
        deadlineMs: 10_000,
      });
    };
    const record = await whileBroken(
      async () => {
        await set('ALTER SYSTEM SET fsync = off', 'off');
        return () => set('ALTER SYSTEM RESET fsync', 'on');
      },
      () => place.run('rehearsal', [DURABILITY]),
    );
    assertFails(record, DURABILITY, /fsync of postgres .*: expected on, seen off/);
  });

  test('postgres: a manager that is paused', async () => {
    const paused = async (on: boolean): Promise<void> => {
      for (const member of membersOf(rows))
        await sqlIn(member, `SELECT repmgr.repmgrd_pause(${on})`, 'repmgr');
    };
    const record = await whileBroken(
      async () => {
        await paused(true);
        return () => paused(false);
      },
      () => place.run('rehearsal', [ROLES]),
    );
    assertFails(record, ROLES, /repmgrd of postgres: expected runs.*is paused/);
  });

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
    const [trial] = checkIn((await running).record, check).trials;
    assert.ok(trial);
    const rule = trial.rules?.find(({ id }) => id === 'one-leader/meanwhile');
    assert.equal(rule?.verdict, 'fail', trial.reason);
    assert.match(rule.text, new RegExp(`took writes at the same time: .*${replica.pod}`));
    assert.equal(trial.verdict, 'fail');
    await waitReady(replica);
  });
}

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
