/** deploy/rbac.yaml, with what deploy/port-forward.yaml adds to it, against what the code needs: all of it is granted, and nothing else. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Right } from '../probes/kubernetes/access/rights.ts';
import { covers, GRANTS, grainsOf } from '../runner/doctor/roles.ts';
import type { Grain } from '../runner/doctor/roles.ts';
import {
  DRILLS,
  EVERY_COMMAND,
  OPERATED,
  OWNERS,
  REACH,
  RESTORES,
  RUNS,
  UNDO_JOBS,
  undoing,
} from '../runner/safety/rights.ts';
import type { Purpose } from '../runner/safety/rights.ts';
import { catalogue } from '../suites/catalogue/index.ts';
import type { Access } from '../suites/catalogue/index.ts';
import { rightsWith } from '../suites/catalogue/rights.ts';

function text({ verb, group, resource, namespace, name }: Grain): string {
  const what = `${group === '' ? '' : `${group}/`}${resource}${name === '' ? '' : ` ${name}`}`;
  return `${verb} ${what} ${namespace === '' ? 'everywhere' : `in ${namespace}`}`;
}

/** Where environments are provisioned by others: of the embedded one Plumbline is the owner. */
const CHECKS = catalogue()
  .filter(({ built, touches }) => built && touches.embeddedOnly !== true)
  .flatMap((row) =>
    Object.entries(row.access).flatMap(([kind, access]) => (kind === 'local' ? [] : [{ row, access }])),
  );
const ofChecks = (...which: readonly Access[]): Right[] =>
  CHECKS.filter(({ access }) => which.includes(access)).flatMap(({ row, access }) => rightsWith(row, access));
const of = (...purposes: readonly (readonly Purpose[])[]): Right[] =>
  purposes.flat().flatMap(({ rights }) => rights);
const given = (rights: readonly Right[]): Right[] => rights.filter(({ notGiven }) => notGiven === undefined);

const NIGHTLY = [...of(EVERY_COMMAND, RUNS, RESTORES, OPERATED, REACH), ...ofChecks('r', 'w')];
const DRILLING = [
  ...of(EVERY_COMMAND, RUNS, RESTORES, DRILLS, OPERATED, REACH),
  ...ofChecks('r', 'w', 'F', 'permit'),
];
/** By the account that is meant to do it. */
const NEEDED: Readonly<Record<string, readonly Right[]>> = {
  plumbline: given(NIGHTLY),
  'plumbline-drill': given(DRILLING),
  'plumbline-undo': [...of(UNDO_JOBS), ...undoing([...given(NIGHTLY), ...given(DRILLING)])],
  'tender-owners': of(OWNERS),
};

for (const [account, rights] of Object.entries(NEEDED))
  test(`should grant ${account} all that is asked of it`, () => {
    const own = GRANTS.filter(({ accounts }) => accounts.includes(account));
    const missing = grainsOf(rights).filter((need) => !own.some((grant) => covers(grant, need)));
    assert.ok(rights.length > 0);
    assert.deepEqual([...new Set(missing.map(text))], []);
  });

test('should grant nothing that nobody needs', () => {
  const idle = GRANTS.filter(
    (grant) =>
      !grant.accounts.some((account) =>
        grainsOf(NEEDED[account] ?? []).some(
          (need) => covers(grant, need) && need.namespace === grant.namespace,
        ),
      ),
  );
  assert.deepEqual([...new Set(idle.map(text))], []);
});

test('should grant nobody what the code says that nobody is given', () => {
  const refused = [...NIGHTLY, ...DRILLING].filter(({ notGiven }) => notGiven !== undefined);
  assert.ok(refused.length > 0);
  const granted = grainsOf(refused).filter((need) => GRANTS.some((grant) => covers(grant, need)));
  assert.deepEqual(granted.map(text), []);
});

test('should say at the head of rbac.yaml what each of its roles is for', () => {
  const [head = ''] = readFileSync(path.join(import.meta.dirname, 'rbac.yaml'), 'utf8').split(
    '\napiVersion:',
  );
  const roles = new Set(GRANTS.flatMap(({ file, role }) => (file === 'rbac.yaml' ? [role] : [])));
  assert.ok(roles.size > 5);
  assert.deepEqual(
    [...roles].filter((role) => !head.includes(`\n#   ${role} `)),
    [],
  );
});
