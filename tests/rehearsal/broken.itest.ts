/**
 * The owners break something, one thing at a time: the check that is about it fails and says what is wrong. Afterwards it is put back. Wants the
 * rehearsal up. PLUMBLINE_STORES names the stores to try, separated by commas.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../../host/wait.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import {
  addMember,
  leavePending,
  membersOf,
  replicaOfPostgres,
  sqlIn,
  whileBroken,
} from './_helpers/owners.ts';
import { checkIn, provisionedStores, saidBy, Workplace } from './_helpers/platform.ts';

const DECLARED = 'topology/workloads/declared';
const ROLES = 'topology/workloads/roles';
const DURABILITY = 'topology/storage/durability';

const place = new Workplace();
const stores = provisionedStores();
after(() => place.remove());

/** Fails unless the check does, and says this. */
function assertFails(record: RunRecord, id: string, words: RegExp): void {
  const check = checkIn(record, id);
  assert.equal(check.verdict, 'fail', `${id}: ${check.reason}`);
  assert.match(saidBy(check), words, id);
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
}
