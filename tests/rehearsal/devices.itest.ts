/**
 * Devices that a container finds as nodes in its /dev, given through the Container Device Interface: their checks pass, and each fails that is
 * about what the plugin does wrong. Wants the rehearsal up, with `gpu`.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../../host/wait.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import { whileBroken } from './_helpers/owners.ts';
import { checkIn, kubectl, saidBy, Workplace } from './_helpers/platform.ts';

const PLUGIN = ['-n', 'accelerators', 'daemonset/cards'];
const ROLLED_OUT_MS = 120_000;

const place = new Workplace();
after(() => place.remove());

/** Waits until the plugin runs as it was changed, and both nodes offer this many devices: kubelet reports them every 10 s. */
async function offered(count: number): Promise<void> {
  await kubectl(['rollout', 'status', ...PLUGIN, '--timeout=100s'], ROLLED_OUT_MS);
  const path = String.raw`jsonpath={.items[*].status.allocatable.vendor\.example/accelerator}`;
  const look = async (): Promise<true | null> => {
    const seen = await kubectl(['get', 'nodes', '-l', 'plumbline.dev/pool=accelerated', '-o', path]);
    return seen.trim() === `${count} ${count}` ? true : null;
  };
  await waitFor(look, { what: `both nodes to offer ${count} devices`, deadlineMs: 60_000, intervalMs: 500 });
}

/** Starts the plugin with one more argument, of which Go's flags take the last, and runs a check. */
function withArgument(argument: string, check: string, count = 2): Promise<RunRecord> {
  const patch = [{ op: 'add', path: '/spec/template/spec/containers/0/args/-', value: argument }];
  return whileBroken(
    async () => {
      await kubectl(['patch', ...PLUGIN, '--type=json', '-p', JSON.stringify(patch)]);
      const mend = async (): Promise<void> => {
        await kubectl(['rollout', 'undo', ...PLUGIN]);
        await offered(2);
      };
      await offered(count).catch(async (error: unknown) => {
        await mend();
        throw error;
      });
      return mend;
    },
    () => place.run('rehearsal', [check]),
  );
}

test('should know the devices of a container by their nodes, and say that they are simulated', async () => {
  const record = await place.run('rehearsal', ['gpu/**']);
  for (const check of record.checks) {
    const wanted = check.id === 'gpu/taint' ? 'not-run' : 'pass';
    assert.equal(check.verdict, wanted, `${check.id}: ${saidBy(check)}`);
  }
  const { gpu, stubbed } = checkIn(record, 'gpu/exclusive');
  const held = (gpu?.devices ?? []).map(({ node, device }) => `${node} ${device}`).sort();
  assert.deepEqual(held, ['worker-2 accel0', 'worker-2 accel1', 'worker-3 accel0', 'worker-3 accel1']);
  assert.deepEqual([gpu?.simulated, stubbed], [true, ['GPU pool (simulated devices)']]);
});

test('a plugin that gives every container the same device', async () => {
  const check = checkIn(await withArgument('--same-device=true', 'gpu/exclusive'), 'gpu/exclusive');
  assert.equal(check.verdict, 'fail', saidBy(check));
  assert.match(saidBy(check), /device accel0 of worker-[23]: .*gpu-holds-\d, gpu-holds-\d/);
});

test('a plugin that gives a container nothing', async () => {
  const check = checkIn(await withArgument('--cdi-dir=', 'gpu/schedule'), 'gpu/schedule');
  assert.equal(check.verdict, 'fail', saidBy(check));
  assert.match(saidBy(check), /device of pod gpu-lands: expected 1 named in the container, seen none/);
});

test('a plugin that offers fewer devices than are declared', async () => {
  const check = checkIn(await withArgument('--devices=1', 'gpu/allocatable', 1), 'gpu/allocatable');
  assert.equal(check.verdict, 'fail', saidBy(check));
  assert.match(saidBy(check), /expected 2 vendor\.example\/accelerator allocatable, seen 1/);
});
