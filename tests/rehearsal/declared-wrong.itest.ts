/**
 * Declarations that can be loaded and fit nothing that is there: the check that needs them says what is declared and what was seen, and is
 * inconclusive where nothing shows that the store is down. Wants the rehearsal up. PLUMBLINE_STORES names the stores to try, separated by commas.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Verdict } from '../../reports/record/verdict.ts';
import { provisionedStores, saidBy, Workplace, type StoreRows } from './_helpers/platform.ts';

const ROLES = 'topology/workloads/roles';

interface Wrong {
  readonly what: string;
  /** Of these stores alone. */
  readonly of?: readonly string[];
  readonly change: (rows: StoreRows) => void;
  readonly verdict: Verdict;
  readonly words: RegExp;
}

function namespaceOf({ statefulSet, statefulSets }: StoreRows): string {
  return statefulSet?.namespace ?? statefulSets?.namespace ?? '';
}

const WRONG: readonly Wrong[] = [
  {
    what: 'labels that no pod has',
    change: (rows) => {
      rows.pods = { namespace: namespaceOf(rows), labels: { 'app.example/name': 'nobody' } };
      delete rows.statefulSet;
      delete rows.statefulSets;
    },
    verdict: 'inconclusive',
    words:
      /no pod in \S+ with the labels app\.example\/name=nobody, although \S+ accepts connections; pods in/,
  },
  {
    what: 'one member more than there is',
    of: ['postgres', 'redis', 'rabbitmq', 'elasticsearch'],
    change: (rows) => {
      const [first] = rows.statefulSets?.sets ?? [];
      if (first !== undefined) first.members += 1;
      rows.members += 1;
    },
    verdict: 'fail',
    words: /members of \w+: expected \d, seen \d/,
  },
  {
    what: 'a database that is not there',
    of: ['postgres', 'neo4j'],
    change: (rows) => (rows.database = 'nowhere'),
    verdict: 'inconclusive',
    words: /nowhere/,
  },
  {
    what: 'a virtual host that is not there',
    of: ['rabbitmq'],
    change: (rows) => (rows.vhost = 'nowhere'),
    verdict: 'inconclusive',
    words: /refuses the virtual host/,
  },
  {
    what: 'a master that no Sentinel knows',
    of: ['redis'],
    change: ({ sentinel }) => {
      if (sentinel !== undefined) sentinel.master = 'nobody';
    },
    verdict: 'inconclusive',
    words: /No such master with that name/,
  },
  {
    what: 'the port of another protocol',
    of: ['rabbitmq'],
    change: ({ management }) => {
      if (management !== undefined) management.port = 5671;
    },
    verdict: 'inconclusive',
    words: /5671|protocol|Parse Error|HTTP/,
  },
];

const place = new Workplace();
const stores = provisionedStores();
after(() => place.remove());

for (const { what, of, change, verdict, words } of WRONG)
  for (const [store] of stores.filter(([name]) => of?.includes(name) ?? true))
    test(`${store}, ${what}: ${verdict}, and what was seen`, async () => {
      const record = await place.run(place.changed(store, change), [ROLES]);
      const check = record.checks.find(({ id }) => id === ROLES) ?? assert.fail(`the run has no ${ROLES}`);
      const said = saidBy(check);
      assert.equal(check.verdict, verdict, said);
      assert.match(said, words);
      const others = stores.filter(([name]) => name !== store).map(([name]) => name);
      assert.deepEqual(
        (check.rules ?? []).filter((one) => others.includes(one.id) && one.verdict !== 'pass'),
        [],
      );
    });
