/**
 * Every fault on the small embedded environment, by both injectors: on this machine, and by a privileged pod as on any other cluster. Each is
 * seen in force by its own proof and by an independent look, undone through the journal, and leaves nothing.
 */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freezeCgroup, freezerState, thawCgroup } from '../../host/cgroups/freezer.ts';
import { waitFor } from '../../host/wait.ts';
import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment } from '../../env/schema.ts';
import { openCluster } from '../../probes/kubernetes/index.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import { storeDriver } from '../../probes/stores.ts';
import { injectorFor } from '../../runner/targets/fault-injector.ts';
import { timeoutMsOf } from '../../runner/plan/environment-parts.ts';
import { awaitNodes, hasReturned, podsNow } from '../../runner/ask/nodes-back.ts';
import type { Before } from '../../runner/ask/nodes-back.ts';
import { kubeCallFrom, openSafety } from '../../runner/provider-safety.ts';
import type { KubeCall, Safety } from '../../runner/provider-safety.ts';
import { StoreTargets } from '../../runner/targets/store-target.ts';
import { faultOf } from '../../faults/index.ts';
import type { FaultContext, FaultSeen } from '../../faults/_common/fault.ts';
import type { FaultResult } from '../../suites/harness/protocol.ts';
import { endElsewhere, prepareElsewhere } from './_helpers/elsewhere.ts';
import { faultsLeft } from './_helpers/faults-left.ts';
import { INSTANCE, provisioned } from './_helpers/instance.ts';

const STORE = 'postgres';
const STEADY_MS = 180_000;

let kubeconfig = '';
let kube: KubeCall;
let close: () => void;
let cluster: KubeCluster;
const over = new AbortController();

before(async () => {
  kubeconfig = await provisioned([STORE]);
  ({ call: kube, close } = kubeCallFrom(kubeconfig));
  cluster = openCluster({ kubeconfig, signal: over.signal });
});
after(async () => {
  await endElsewhere(kube);
  over.abort();
  cluster.close();
  close();
});

/** An environment that is held, so that faults can be injected and undone as a drill would. */
class Held {
  readonly environment: Environment;
  readonly safety: Safety;
  readonly stores: StoreTargets;
  readonly written: FaultSeen[] = [];

  private constructor(environment: Environment, safety: Safety) {
    this.environment = environment;
    this.safety = safety;
    this.stores = new StoreTargets(environment, cluster);
  }

  static async open(nameOrFile: string): Promise<Held> {
    const environment = await openEnvironment(nameOrFile, {
      with: 'provisioned',
      size: nameOrFile === INSTANCE ? 'small' : undefined,
    });
    const safety = await openSafety({
      environment: environment.name,
      embedded: traitsOf(environment).instance,
      clusterUid: (await cluster.pin(over.signal)).uid,
      kube,
      kubeconfig,
      runId: 'faults-itest',
      undoImage: environment.drills.undoImage,
      restoreDeadlineMs: timeoutMsOf(environment, 'restoreDeadline'),
      notice: () => undefined,
    });
    return new Held(environment, safety);
  }

  async steady(): Promise<void> {
    const target = await this.stores.target(STORE);
    const seen = await storeDriver(STORE).waitSteady(target, { deadlineMs: STEADY_MS, signal: over.signal });
    assert.ok(seen.ok, seen.detail);
  }

  async inject(fault: string, target: string, over_: Partial<FaultContext> = {}): Promise<FaultResult> {
    const check = `failover/${STORE}/${fault}`;
    const reached = await this.stores.target(STORE);
    const driver = storeDriver(STORE);
    const bounds = { deadlineMs: timeoutMsOf(this.environment, 'switchover'), signal: over.signal };
    const shared = {
      check,
      kube,
      perform: (mutation: Parameters<Safety['perform']>[0]) => this.safety.perform(mutation),
      write: (seen: FaultSeen) => {
        this.written.push(seen);
      },
      timeoutMs: (name: string) => timeoutMsOf(this.environment, name as 'faultLanding'),
      signal: over.signal,
    };
    return faultOf(fault).inject({
      ...shared,
      store: STORE,
      target,
      ...this.stores.placeOf(STORE),
      leader: (await driver.describe(reached, bounds)).leader,
      members: await this.stores.pods(STORE),
      also: ['api'],
      injector: await injectorFor(this.#parts(), shared),
      switchover: (from) =>
        driver.switchover?.(reached, { run: 'none', from }, bounds) ?? Promise.reject(new Error('none')),
      calm: () => Promise.resolve(null),
      restore: () => this.safety.restore({ check, access: 'fault' }),
      ...over_,
    });
  }

  /** What of an engine hands and waits use. */
  #parts(): Parameters<typeof injectorFor>[0] {
    const parts = { runState: { environment: this.environment }, parts: { cluster } };
    return parts as unknown as Parameters<typeof injectorFor>[0];
  }

  async #returned(name: string, before: Before): Promise<void> {
    const { namespace } = this.stores.placeOf(STORE);
    const ref = { apiVersion: 'v1', kind: 'Pod', namespace, name } as const;
    await waitFor(
      async () => {
        const pod = await cluster.get(ref);
        return pod !== null && hasReturned(pod, before) ? true : null;
      },
      { what: `${name} to have started again`, deadlineMs: STEADY_MS, intervalMs: 500 },
    );
  }

  /** Injects, looks at what is left by other means, undoes, and waits until nothing is. */
  async through(fault: string, target: string, expected: RegExp | null): Promise<FaultResult> {
    const pods = await podsNow(this.#parts());
    const before = await this.stores.pods(STORE);
    const result = await this.inject(fault, target);
    assert.notEqual(result.landedAtMs, null, result.proof);
    const seen = await faultsLeft(cluster);
    if (expected !== null) assert.match(seen.join('\n'), expected);
    const report = await this.safety.restore();
    assert.deepEqual(report.failed, []);
    const victim = before.find(({ name }) => name === result.target);
    // The store does not know yet that anything has happened: steadiness alone would be that of before.
    if (fault === 'pod-crash') await this.#returned(result.target, pods);
    if (fault === 'node-loss') {
      const lost = { nodes: [victim?.node ?? ''], before: pods, beats: new Map<string, string>() };
      assert.equal(await awaitNodes(this.#parts(), lost, over.signal), null);
    }
    await this.steady();
    await nothingLeft();
    return result;
  }
}

/** Besides the Lease, which is held, and the Job of a held environment. */
async function nothingLeft(): Promise<void> {
  await waitFor(
    async () => {
      const left = (await faultsLeft(cluster)).filter((line) => !/^the (Lease|Job) /.test(line));
      if (left.length === 0) return true;
      throw new Error(left.join('; '));
    },
    { what: 'nothing of a fault to be left', deadlineMs: 60_000, intervalMs: 500 },
  );
}

for (const where of ['on this machine', 'by a privileged pod'] as const) {
  const here = where === 'on this machine';
  test(`faults ${where} are in force by their proof and another look, and leave nothing`, async (t) => {
    const file = here
      ? INSTANCE
      : await prepareElsewhere(mkdtempSync(join(tmpdir(), 'plumbline-elsewhere-')), kube);
    const held = await Held.open(file);
    try {
      await held.steady();
      await t.test('a target that is not there is missed and nothing is done', async () => {
        for (const fault of ['pod-crash', 'hang', 'partition', 'node-loss']) {
          const result = await held.inject(fault, 'postgres-99');
          assert.equal(result.landedAtMs, null);
        }
        const absent = await held.inject('hang', 'replica', { container: 'no-such-container' });
        assert.match(absent.proof, /no-such-container .*does not run/);
        assert.deepEqual(held.safety.pending(), []);
      });
      await t.test('hang', async () => {
        const result = await held.through('hang', 'replica', /freezer.* is FROZEN/);
        assert.match(result.proof, /FROZEN/);
      });
      await t.test('partition', async () => {
        const result = await held.through('partition', 'replica', /table inet plumbline_partition/);
        assert.match(result.proof, /kubernetes-0 .*: \d+ to/);
      });
      await t.test('pod-crash', async () => {
        const result = await held.through('pod-crash', 'replica', null);
        assert.match(result.proof, /gone/);
      });
      await t.test('node-loss', async () => {
        const result = await held.through('node-loss', 'replica', /does not run/);
        assert.match(result.proof, here ? /has forwarded no packet/ : /power of worker-\d is off/);
      });
      await t.test('switchover', async () => {
        const result = await held.through('switchover', 'leader', null);
        assert.match(result.proof, /switched over/i);
      });
      if (here) await t.test('what hangs already is not made to hang', () => frozenBefore(held));
    } finally {
      const report = await held.safety.close();
      assert.deepEqual(report.failed, []);
      await nothingLeft();
    }
  });
}

async function frozenBefore(held: Held): Promise<void> {
  const result = await held.inject('hang', 'replica');
  const armed = held.written.findLast(({ kind }) => kind === 'fault-armed');
  const [{ found, name } = { found: '', name: '' }] = armed?.kind === 'fault-armed' ? armed.members : [];
  const cgroup = /^cgroup (\S+):/.exec(found)?.[1] ?? '';
  await held.safety.restore();
  assert.equal(freezerState(cgroup), 'THAWED', result.proof);
  await freezeCgroup(cgroup, { deadlineMs: 5_000 });
  try {
    assert.match((await held.inject('hang', name)).proof, /FROZEN already/);
  } finally {
    thawCgroup(cgroup);
  }
  await held.steady();
}
