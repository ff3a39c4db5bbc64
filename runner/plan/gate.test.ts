import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planChecks, suiteOf } from '../../suites/catalogue/index.ts';
import { loadEnvironment } from '../../env/loader.ts';
import { tooDear } from './dry-run.ts';

/** What cannot run on staging as it is declared, or costs more than a drill may: it is listed as not run, and why. */
const NOT_ON_STAGING =
  /cluster\.power|no account of Plumbline has|no documented role has|not declared|does not apply to a declared environment|may cost/;

test("false verdict 15: staging's gate requires every failover that can run there, of every declared store", async () => {
  const staging = await loadEnvironment('staging');
  const gate = planChecks(staging, { profile: 'gate' })
    .filter(({ row }) => row.built && suiteOf(row.id) === 'failover')
    .map((one) => ({ ...one, id: one.row.id, why: one.notRun?.text ?? tooDear(staging, one) }));
  for (const { id, required, why } of gate) {
    assert.equal(required, why === null, `${id}: ${why ?? 'runs'}`);
    if (why !== null) assert.match(why, NOT_ON_STAGING, id);
  }
  for (const store of Object.keys(staging.stores)) {
    for (const fault of ['pod-crash', 'pod-delete']) {
      const id = `failover/${store}/${fault}`;
      assert.ok(
        gate.some((one) => one.required && one.id === id),
        id,
      );
    }
  }
});
