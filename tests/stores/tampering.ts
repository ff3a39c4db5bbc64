/** What the controls of a store do to stored writes, on a real server: the driver's read-back must see exactly that. */
import assert from 'node:assert/strict';
import type { StoreDriver, StoreTarget } from '../../probes/store/store-driver.ts';
import type { ReadBackSeen } from '../../probes/store/store-driver.ts';
import { contextOf } from '../../suites/_testing/control-context.ts';
import type { Tampering } from '../../suites/failover/store/controls/every-store.ts';

const BOUNDS = { deadlineMs: 30_000 };
const WRITES = 20;

/** Writes are found, one is taken out and one put in twice; every reading of the read-back must say so. */
export async function tampersWith(
  driver: StoreDriver,
  target: StoreTarget,
  tampering: Tampering,
): Promise<void> {
  const run = 'controlled';
  const client = driver.client(target.connection, run);
  await client.prepare(BOUNDS.deadlineMs);
  const writing = client.session();
  await writing.open(2000);
  for (let n = 1; n <= WRITES; n++) assert.deepEqual(await writing.write(n), { outcome: 'ok' });
  assert.equal((await writing.read()).outcome, 'ok');
  const ctx = contextOf({ store: () => Promise.resolve(target) });
  assert.deepEqual(await tampering.newest(ctx), { run, n: WRITES });
  await tampering.remove(ctx, { run, n: 5 });
  await tampering.double(ctx, { run, n: 7 });
  await assert.rejects(tampering.remove(ctx, { run, n: 5 }), /\b5\b/);
  writing.destroy();
  client.end?.();
  const seen: ReadBackSeen[] = [];
  await driver.readBack(target, { run, write: (one) => seen.push(one) }, BOUNDS);
  const readings = seen.flatMap((one) =>
    one.kind === 'readback' ? [{ present: one.present, duplicates: one.duplicates }] : [],
  );
  const present = [
    [1, 4],
    [6, WRITES],
  ];
  const members = await target.members();
  assert.ok(readings.length > members.length, 'the leader is read twice, every other member once');
  for (const one of readings) assert.deepEqual(one, { present, duplicates: [[7, 2]] }, JSON.stringify(seen));
}
