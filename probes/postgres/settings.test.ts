/** What durability rests on, as a server says it: its own settings, and what roles and databases have in their place. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { answerOf } from './_testing/managed.ts';
import type { Managed } from './_testing/managed.ts';
import { GOVERNING, store } from './declaration.ts';
import type { StoreTarget } from '../store/store-driver.ts';
import { durabilityBy, logFolder } from './settings.ts';

type Override = { setting: string; database?: string; role?: string };

/** What is read, and asked, of a server with these overrides of `synchronous_commit`. */
const read = (...overrides: Override[]) => readAs(undefined, ...overrides);

async function readAs(as: Managed['asked'], ...overrides: Override[]) {
  const asked: string[] = [];
  const rows = overrides.map(({ setting, database = null, role = null }) => ({
    name: 'synchronous_commit',
    setting,
    database,
    role,
  }));
  const query = <Row>(text: string): Promise<Row[]> => {
    asked.push(text);
    const server = { monitor: true, overrides: rows, ...(as && { asked: as }) };
    return Promise.resolve(answerOf(server, text) as Row[]);
  };
  return { asked, settings: await durabilityBy({ query }, 'pg') };
}

test('should list who has another value than the server behind it, in the order in which settings are read', async () => {
  const { asked, settings } = await read(
    { setting: 'off', database: 'tender' },
    { setting: 'local', role: 'app' },
    { setting: 'off', role: 'app', database: 'tender' },
    { setting: 'off' },
  );
  assert.deepEqual(
    settings.filter(({ override }) => override === undefined).map(({ name }) => name),
    Object.keys(GOVERNING.server),
  );
  assert.deepEqual(
    settings
      .filter(({ name }) => name === 'synchronous_commit')
      .map(({ value, source, override }) => [value, source, override]),
    [
      ['on', 'pg_settings on pg', undefined],
      ['off', 'database tender, pg_db_role_setting on pg', { role: null, database: 'tender' }],
      ['local', 'role app, pg_db_role_setting on pg', { role: 'app', database: null }],
      ['off', 'role app in database tender, pg_db_role_setting on pg', { role: 'app', database: 'tender' }],
      ['off', 'every role, pg_db_role_setting on pg', { role: null, database: null }],
    ],
  );
  assert.equal(
    settings.findIndex(({ override }) => override !== undefined),
    4,
    'behind the setting itself',
  );
  const [, overrides = ''] = asked;
  for (const name of Object.keys(GOVERNING.server)) assert.ok(overrides.includes(`'${name}'`), name);
});

test('should list nobody who has the value of the session, however it is written, and no role of a provider', async () => {
  for (const setting of ['on', 'ON', 'true', 'yes', '1'])
    assert.equal((await read({ setting, role: 'app' })).settings.length, 7, setting);
  for (const setting of ['off', 'FALSE', 'no', '0'])
    assert.equal((await read({ setting, role: 'app' })).settings[4]?.value, 'off', setting);
});

test('should not take the value of who asks for that of the server, and list whose it is', async () => {
  for (const [source, hiddenBy] of [
    ['user', 'ALTER ROLE plumbline'],
    ['database', 'ALTER DATABASE tender'],
    ['database user', 'ALTER ROLE plumbline IN DATABASE tender'],
    ['client', 'an option of the connection'],
    ['session', 'SET in the session, as by a pooler'],
  ] as const) {
    const own = { setting: 'on', role: 'plumbline' };
    const { settings } = await readAs({ setting: 'on', source }, own);
    assert.deepEqual(
      settings.filter(({ name }) => name === 'synchronous_commit'),
      [
        { name: 'synchronous_commit', value: 'on', source: 'pg_settings on pg', hiddenBy },
        {
          name: 'synchronous_commit',
          value: 'on',
          override: { role: 'plumbline', database: null },
          source: 'role plumbline, pg_db_role_setting on pg',
        },
      ],
    );
    assert.ok(settings.every(({ name, hiddenBy: by }) => by === undefined || name === 'synchronous_commit'));
  }
  const { settings } = await readAs({ setting: 'on', source: 'global' }, { setting: 'on' });
  assert.equal(settings.length, 7);
  assert.ok(
    settings.every(({ hiddenBy }) => hiddenBy === undefined),
    'every session has it',
  );
});

test('should let off roles and databases by name, and nobody without a name', () => {
  const declared = (durabilityOverrides: object[]): boolean =>
    store.schema.safeParse({
      members: 1,
      primary: { host: 'h', port: 5432 },
      database: 'd',
      user: 'u',
      password: { env: 'P' },
      plain: true,
      durabilityOverrides,
    }).success;
  const reason = 'its rows can be loaded again';
  for (const one of [{ role: 'app' }, { database: 'd' }, { role: 'app', database: 'd' }])
    assert.equal(declared([{ ...one, reason }]), true);
  for (const one of [{ reason }, { role: 'app' }, { role: '', reason }])
    assert.equal(declared([one]), false, JSON.stringify(one));
});

test('false verdict 36: should find the WAL behind its link, and say where nobody could look', async (t) => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'wal-')));
  t.after(() => rmSync(home, { recursive: true }));
  for (const folder of ['own/pg_wal', 'apart', 'fast/wal'])
    mkdirSync(join(home, folder), { recursive: true });
  symlinkSync('own', join(home, 'linked'));
  symlinkSync(join(home, 'fast/wal'), join(home, 'apart/pg_wal'));
  const found = (folder: string, exec: StoreTarget['exec'] = run) =>
    logFolder(
      { ...(exec && { exec }) } as StoreTarget,
      { member: { name: 'pg-0', address: '' }, folder: join(home, folder) },
      { deadlineMs: 1000 },
    );
  assert.deepEqual(await found('own'), { outside: [] });
  assert.deepEqual(await found('linked'), { outside: [] });
  assert.deepEqual(await found('apart'), { outside: [join(home, 'fast/wal')] });
  assert.match((await found('none at all/here')).unseen ?? '', /readlink ended with 1/);
  const forbidden = (): Promise<never> => Promise.reject(new Error('forbidden'));
  assert.deepEqual(await found('apart', forbidden), { outside: [], unseen: 'forbidden' });
});

const run: StoreTarget['exec'] = (_member, [command = '', ...args]) => {
  try {
    return Promise.resolve({
      code: 0,
      stdout: execFileSync(command, args, { encoding: 'utf8' }),
      stderr: '',
    });
  } catch {
    return Promise.resolve({ code: 1, stdout: '', stderr: '' });
  }
};
