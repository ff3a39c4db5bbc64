/**
 * One store at a time cannot be asked, for each cause: its checks say so and why, nothing fails, and all other checks say what they say of
 * the platform as it stands. Wants the rehearsal up. PLUMBLINE_STORES names the stores to try, separated by commas.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { RunRecord } from '../../reports/record/run-record.ts';
import { CAUSES } from './_helpers/causes.ts';
import { clear } from './_helpers/on-the-path.ts';
import { checkIn, provisionedStores, Workplace } from './_helpers/platform.ts';

const TOPOLOGY = ['topology/{storage,workloads}/**'];
/** They ask every store. */
const ASKING = ['topology/storage/persistent', 'topology/storage/durability', 'topology/workloads/roles'];

const place = new Workplace();
const stores = provisionedStores();
let undisturbed: RunRecord;

before(async () => {
  undisturbed = await place.run('rehearsal', TOPOLOGY);
  assert.deepEqual(
    undisturbed.checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive'),
    [],
    'the platform as it stands passes',
  );
});
after(async () => {
  await clear();
  place.remove();
});

/** The wait before the fault ends after `loginRefused` (20 s); it lasted `steadyState` (90 s) once. What the check does beside it takes seconds. */
const WITHOUT_FAULT_MS = 60_000;

type Check = RunRecord['checks'][number];

const verdictsOf = ({ checks }: RunRecord, but: readonly string[] = []): string[] =>
  checks.filter(({ id }) => !but.includes(id)).map(({ id, verdict }) => `${id}: ${verdict}`);

/** All that a check says of why it does not pass. */
const saidBy = ({ reason, rules = [], trials }: Check): string => {
  const open = rules.filter(({ verdict }) => verdict !== 'pass').map(({ text }) => text);
  return [reason, ...open, ...trials.map(({ landed }) => landed.by)].join('\n');
};

/** The rules that a check has about each store, by the store's name. */
const rulesOfStores = ({ rules = [] }: Check): string[] =>
  rules
    .filter(({ id }) => stores.some(([store]) => store === id))
    .map(({ id, verdict }) => `${id}: ${verdict}`);

for (const [store, rows] of stores)
  for (const cause of CAUSES)
    test(`${store}, ${cause.name}: its own checks are inconclusive and say why, and no other verdict changes`, async () => {
      const { environment, undo } = await cause.make(place, store, rows);
      try {
        const seen = await place.run(environment, TOPOLOGY);
        assert.deepEqual(verdictsOf(seen, ASKING), verdictsOf(undisturbed, ASKING));
        for (const id of ASKING) {
          const check = checkIn(seen, id);
          assert.equal(check.verdict, 'inconclusive', `${id}: ${check.reason}`);
          assert.match(saidBy(check), cause.words, id);
          const others = (of: Check): string[] =>
            rulesOfStores(of).filter((rule) => !rule.startsWith(`${store}:`));
          assert.deepEqual(others(check), others(checkIn(undisturbed, id)), id);
        }
        assert.match(checkIn(seen, 'topology/workloads/roles').reason, new RegExp(`\\b${store}\\b`));
        assert.doesNotMatch(seen.sentence, /fail/);
      } finally {
        await undo();
      }
    });

for (const [store, rows] of stores)
  test(`${store}, ${CAUSES[0]?.name}: no fault is injected into what cannot be asked`, async () => {
    const [cause] = CAUSES;
    assert.ok(cause);
    const { environment, undo } = await cause.make(place, store, rows);
    try {
      const check = checkIn(
        await place.run(environment, [`failover/${store}/pod-crash`]),
        `failover/${store}/pod-crash`,
      );
      assert.ok(['inconclusive', 'not-run'].includes(check.verdict), `${check.verdict}: ${check.reason}`);
      assert.match(saidBy(check), cause.words);
      assert.deepEqual(
        check.trials.filter(({ landed }) => landed.injected !== false || landed.proved),
        [],
      );
      assert.ok(check.durationMs < WITHOUT_FAULT_MS, `it took ${check.durationMs} ms`);
    } finally {
      await undo();
    }
  });

test('a store that cannot be asked hides no failure of another one', async () => {
  const [[broken] = [''], [other, rows] = ['', undefined]] = stores;
  assert.ok(rows, 'two stores are needed');
  const [setting = ''] = Object.keys(rows.durability);
  const environment = place.changed(broken, (own, all) => {
    own.password = { file: place.file('password', 'not-the-password') };
    const declared = all[other]?.durability;
    if (declared !== undefined) declared[setting] = 'nothing like it';
  });
  const check = checkIn(await place.run(environment, TOPOLOGY), 'topology/storage/durability');
  assert.equal(check.verdict, 'fail', check.reason);
  assert.match(check.reason, new RegExp(`${setting} of ${other}`));
  assert.match(saidBy(check), /refuses the account/);
});
