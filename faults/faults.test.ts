import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hitOf } from './_common/fault.ts';
import type { FaultContext, FaultMember } from './_common/fault.ts';
import { context, members, Recorder } from './_testing/context.ts';
import type { Written } from './_testing/context.ts';
import { faultOf, faults } from './index.ts';
import { allDropped, describeDrops, dropRules, parseDrops } from './_common/packet-filter.ts';
import { chooseTargets } from './_common/target.ts';

const kinds = (written: readonly Written[]): string[] => written.map(({ kind }) => kind);

const namesOf = (target: string, over: Partial<FaultContext> = {}, random = 0): string => {
  const aim = { target, leader: 'pg-1', members, store: 'postgres', ...over };
  const chosen = chooseTargets(aim, () => random);
  return 'members' in chosen ? chosen.members.map(({ name }) => name).join(' ') : chosen.reason;
};

test('the target is the leader, a replica, any member, a majority, the master, or the pod of a name', () => {
  assert.equal(namesOf('leader'), 'pg-1');
  assert.deepEqual([namesOf('replica'), namesOf('replica', {}, 0.99)], ['pg-0', 'pg-2']);
  assert.equal(namesOf('random', {}, 0.5), 'pg-1');
  assert.equal(namesOf('pg-2'), 'pg-2');
  assert.equal(namesOf('majority'), 'pg-1 pg-0');
  assert.equal(namesOf('master', { master: 'pg-2' }), 'pg-2');
});

test('a replica, and a majority, are of the members that hold the data', () => {
  const some = ['pg-1', 'pg-2'];
  assert.deepEqual(
    [0, 0.99].map((random) => namesOf('replica', { holders: some }, random)),
    ['pg-2', 'pg-2'],
  );
  const more = [...members, { ...(members[0] ?? assert.fail()), name: 'pg-3' }];
  assert.equal(namesOf('majority', { members: more }).split(' ').length, 3);
  assert.deepEqual(
    namesOf('majority', { members: more, holders: ['pg-1', 'pg-2', 'pg-3'] }, 0).split(' ').length,
    2,
  );
  for (const random of [0, 0.5, 0.99])
    assert.doesNotMatch(
      namesOf('majority', { members: more, holders: ['pg-1', 'pg-2', 'pg-3'] }, random),
      /pg-0/,
    );
  assert.match(namesOf('replica', { holders: ['pg-1'] }), /no replica/);
  assert.equal(
    namesOf('majority', { holders: ['pg-1'] }),
    'postgres has 1 member with a copy of the data, of 3: a majority needs at least 2',
  );
});

test('a target that cannot be hit says why, and who is there', () => {
  assert.match(namesOf('pg-99'), /no pod named pg-99 now \(members: pg-0, pg-1, pg-2; leader: pg-1\)/);
  assert.match(namesOf('leader', { leader: null }), /no leader/);
  assert.match(namesOf('leader', { leader: 'pg-7' }), /says that pg-7 is its leader, but no pod/);
  assert.match(namesOf('majority', { leader: null }), /no leader/);
  assert.match(namesOf('majority', { members: members.slice(1, 2) }), /1 member: a majority needs/);
  assert.match(namesOf('replica', { members: members.slice(1, 2) }), /no replica/);
  assert.match(namesOf('master'), /no master besides/);
  assert.match(namesOf('master', { master: null }), /no master now/);
});

test('every fault that is aimed at nobody is missed, and nothing is done', async () => {
  for (const id of faults.keys()) {
    const { ctx, injector, written, performed } = context({
      target: 'pg-99',
      leader: null,
      switchover: () => Promise.reject(new Error('not to be called')),
    });
    const result = await faultOf(id).inject(ctx);
    assert.equal(result.landedAtMs, null, id);
    assert.deepEqual(kinds(written), ['fault-missed'], id);
    assert.deepEqual([performed, injector.done], [[], []], id);
  }
});

test('every fault that acts on a node is missed when there is nothing to act on', async () => {
  for (const id of ['pod-crash', 'hang', 'partition', 'node-loss']) {
    const { ctx, written, performed } = context({}, new Recorder('pg-1 has no process'));
    const result = await faultOf(id).inject(ctx);
    assert.deepEqual([result.landedAtMs, result.proof], [null, 'pg-1 has no process'], id);
    assert.deepEqual(kinds(written), ['fault-armed', 'fault-missed'], id);
    assert.deepEqual(performed, [], id);
  }
});

test('every fault that acts on a node records its rollback first, and lands by its proof', async () => {
  for (const [id, what] of [
    ['pod-crash', 'crash pg-1'],
    ['hang', 'freeze postgres of pg-1'],
    ['partition', 'cut pg-1'],
    ['node-loss', 'lose the node of pg-1'],
  ] as const) {
    const { ctx, injector, written, performed } = context();
    const result = await faultOf(id).inject(ctx);
    assert.deepEqual([result.landedAtMs, result.target], [2, 'pg-1'], id);
    assert.deepEqual(kinds(written), ['fault-armed', 'fault-acted', 'fault-landed'], id);
    assert.deepEqual(performed[0]?.rollbacks, [{ kind: 'thaw', cgroup: '/pg-1' }], id);
    assert.deepEqual(injector.done, [what], id);
  }
});

test('every fault that acts on a node waits for calm once it is prepared, and before it acts', async () => {
  for (const id of ['pod-crash', 'hang', 'partition', 'node-loss']) {
    const seen: string[] = [];
    const { ctx, injector, written } = context({
      calm: () => {
        seen.push(`${written.length} written, ${injector.done.length} done`);
        return Promise.resolve(null);
      },
    });
    await faultOf(id).inject(ctx);
    assert.deepEqual(seen, ['0 written, 0 done'], id);
  }
});

test('no fault is added where writes of clients do not succeed', async () => {
  for (const id of ['pod-crash', 'hang', 'partition', 'node-loss', 'pod-delete', 'cut-then-crash']) {
    const { ctx, injector, written, performed } = context({
      calm: () => Promise.resolve('no answer for 9 s'),
    });
    const { landedAtMs, proof, untouched } = await faultOf(id).inject(ctx);
    assert.deepEqual([landedAtMs, untouched], [null, true], id);
    assert.deepEqual([injector.done, performed, written], [[], [], []], id);
    assert.match(proof, /clients were not served steadily before the fault: no answer for 9 s/, id);
  }
});

test('a cut in force is not prolonged by a wait for calm', async () => {
  const { ctx, injector } = context({
    calm: () => Promise.resolve(injector.done.length === 0 ? null : 'asked while the replicas are cut off'),
  });
  assert.notEqual((await faultOf('cut-then-crash').inject(ctx)).landedAtMs, null);
});

test('of a pod with several containers only the declared one is frozen', async () => {
  const running = (...names: string[]): FaultMember[] =>
    members.map((one) => ({
      ...one,
      containers: Object.fromEntries(names.map((name) => [name, `id-${name}`])),
    }));
  const one = context({ container: null, members: running('api') });
  await faultOf('hang').inject(one.ctx);
  assert.deepEqual(one.injector.done, ['freeze api of pg-1']);
  const two = context({ container: null, members: running('istio-proxy', 'api') });
  assert.match((await faultOf('hang').inject(two.ctx)).proof, /\(seen: api, istio-proxy\).*ai\.container/);
  assert.deepEqual(two.injector.done, []);
});

test('an action without its proof has not landed', async () => {
  const { ctx, written } = context({}, new Recorder(undefined, () => 'no packet was dropped'));
  assert.deepEqual((await faultOf('partition').inject(ctx)).landedAtMs, null);
  assert.deepEqual(kinds(written), ['fault-armed', 'fault-acted', 'fault-missed']);
});

test('a majority is hit at once under one entry each, and has landed when the last of them is', async () => {
  const outcomes = new Map([
    ['pg-1', 5],
    ['pg-0', 9],
  ]);
  const injector = new Recorder();
  injector.crash = (member) =>
    Promise.resolve({
      member,
      found: member.name,
      rollbacks: [{ kind: 'thaw', cgroup: member.name }],
      act: () => {
        const landedMs = outcomes.get(member.name) ?? 0;
        const by = 'processes gone';
        return Promise.resolve({
          lastBeforeMs: landedMs - 1,
          landedMs,
          by,
          proof: member.name,
          hit: hitOf(member),
        });
      },
    });
  const both = { ...context({ target: 'majority', members: members.slice(0, 2) }, injector) };
  const result = await faultOf('pod-crash').inject(both.ctx);
  assert.deepEqual([result.landedAtMs, result.target], [9, 'pg-1, pg-0']);
  assert.equal(both.performed[0]?.rollbacks.length, 2);
  assert.deepEqual(both.written.at(-1)?.['betweenMs'], [4, 9]);
  const hit = [members[1], members[0]].map((member) => ({ uid: member?.uid, node: member?.node }));
  assert.deepEqual(both.written.at(-1)?.['hit'], hit);
});

test('two members on one node are not lost with two nodes', async () => {
  const together = members.map((member) => ({ ...member, node: 'worker-1' }));
  const { ctx } = context({ target: 'majority', members: together });
  assert.match((await faultOf('node-loss').inject(ctx)).proof, /same node/);
});

test('a planned change of leader lands by the order and its answer, not where it is refused', async () => {
  const done = context({
    switchover: (from) =>
      Promise.resolve({ from, to: 'pg-2', detail: 'Patroni: Successfully switched over' }),
  });
  const result = await faultOf('switchover').inject(done.ctx);
  assert.match(result.proof, /Successfully switched over \(pg-1 → pg-2\)/);
  assert.deepEqual(done.performed[0]?.rollbacks, []);
  const refused = context({ switchover: () => Promise.reject(new Error('412 no candidate')) });
  assert.match((await faultOf('switchover').inject(refused.ctx)).proof, /no candidate/);
  assert.deepEqual(kinds(refused.written), ['fault-armed', 'fault-missed']);
  const same = context({ switchover: (from) => Promise.resolve({ from, to: from, detail: 'done' }) });
  assert.equal((await faultOf('switchover').inject(same.ctx)).landedAtMs, null);
  assert.match((await faultOf('switchover').inject(context().ctx)).proof, /has no planned change/);
  const replica = context({ target: 'replica', switchover: () => Promise.reject(new Error('no')) });
  assert.match((await faultOf('switchover').inject(replica.ctx)).proof, /only a leader can hand over/);
});

/** Of a pod that is created again. */
const OWNED = [{ kind: 'ReplicaSet', name: 'pg-5d7f9', controller: true }];

test('a deletion has landed when the API knows another UID under the name, and is bracketed in time', async () => {
  let gets = 0;
  const { ctx, written } = context({
    kube: ({ method }) => {
      if (method === 'DELETE') return Promise.resolve({ status: 200, body: {} });
      const uid = ++gets < 4 ? 'uid-pg-1' : 'a new one';
      return Promise.resolve({ status: 200, body: { metadata: { uid, ownerReferences: OWNED } } });
    },
  });
  const result = await faultOf('pod-delete').inject(ctx);
  assert.deepEqual(kinds(written), ['fault-armed', 'fault-acted', 'fault-landed']);
  const [from, to] = written.at(-1)?.['betweenMs'] as [number, number];
  assert.ok(from < to && to === result.landedAtMs);
});

test('a pod that is gone or ending already is not deleted, and that is missed', async () => {
  const ending = { uid: 'uid-pg-1', deletionTimestamp: '2026-01-01T00:00:00Z', ownerReferences: OWNED };
  for (const [status, metadata] of [
    [404, {}],
    [200, { uid: 'a new one' }],
    [200, ending],
  ] as const) {
    const asked: string[] = [];
    const { ctx, written } = context({
      kube: ({ method }) => {
        asked.push(method);
        return Promise.resolve({ status, body: { metadata } });
      },
    });
    assert.match((await faultOf('pod-delete').inject(ctx)).proof, /gone or terminating before/);
    assert.equal(written.at(-1)?.kind, 'fault-missed');
    assert.deepEqual([...new Set(asked)], ['GET']);
  }
});

test('a deletion whose second step finds another pod already has landed', async () => {
  for (const status of [404, 409]) {
    let deleted = false;
    const { ctx } = context({
      kube: ({ method }) => {
        deleted ||= method === 'DELETE';
        if (method === 'DELETE') return Promise.resolve({ status, body: {} });
        return Promise.resolve({
          status: 200,
          body: { metadata: { uid: deleted ? 'a new one' : 'uid-pg-1', ownerReferences: OWNED } },
        });
      },
    });
    const { landedAtMs, proof } = await faultOf('pod-delete').inject(ctx);
    assert.notEqual(landedAtMs, null, proof);
  }
});

test('a deletion that is refused, or never takes effect, is missed', async () => {
  const there = { status: 200, body: { metadata: { uid: 'uid-pg-1', ownerReferences: OWNED } } };
  for (const [status, reason] of [
    [403, /refused.*403/],
    [409, /still in the API after 300 ms/],
    [200, /still in the API after 300 ms/],
  ] as const) {
    const { ctx, written } = context({
      kube: ({ method }) => Promise.resolve(method === 'DELETE' ? { status, body: {} } : there),
    });
    assert.match((await faultOf('pod-delete').inject(ctx)).proof, reason);
    assert.equal(written.at(-1)?.kind, 'fault-missed');
  }
});

test('a fault is refused where its means are not declared', () => {
  for (const id of ['pod-crash', 'hang', 'partition'])
    assert.match(faultOf(id).refusal({}) ?? '', /drills\.nodeImage/, id);
  assert.match(faultOf('node-loss').refusal({ nodeImage: 'x' }) ?? '', /cluster\.power/);
  for (const id of faults.keys()) {
    assert.equal(faultOf(id).refusal({ embedded: 'local' }), null, id);
    assert.equal(faultOf(id).refusal({ nodeImage: 'x', power: true }), null, id);
  }
  assert.equal(faultOf('pod-delete').refusal({}), null);
  assert.throws(() => faultOf('meteor'), /no fault "meteor"; there are pod-crash, pod-delete/);
});

test('packet filters drop and count both ways, by address family and port, and take no strange words', () => {
  const rules = dropRules('t', [
    { name: 'pg-0', address: '198.19.74.10' },
    { name: 'api', address: 'fd00::1', ports: [443, 6443] },
  ]);
  assert.match(rules, /ip saddr 198\.19\.74\.10 counter drop comment "from pg-0 198\.19\.74\.10"/);
  assert.match(rules, /ip6 daddr fd00::1 tcp dport \{ 443, 6443 \} counter drop comment "to api fd00::1"/);
  assert.throws(
    () => dropRules('t', [{ name: 'x', address: '1.2.3.4; flush ruleset' }]),
    /is not an IP address/,
  );
  assert.throws(() => dropRules('t', [{ name: '"; drop', address: '1.2.3.4' }]), /not a valid name/);
});

test('what was dropped is read by its comments, and all must have been sent to', () => {
  const rule = (comment: string, packets: number): unknown => ({
    rule: { comment, expr: [{ match: {} }, { counter: { packets, bytes: 0 } }, { drop: null }] },
  });
  const json = JSON.stringify({
    nftables: [{ table: {} }, rule('to a 1.2.3.4', 2), rule('from a 1.2.3.4', 0), rule('to a fd00::1', 0)],
  });
  const drops = parseDrops(json);
  assert.deepEqual([drops.get('to a 1.2.3.4'), drops.get('from a 1.2.3.4')], [2, 0]);
  const [a, b] = [
    { name: 'a', address: '1.2.3.4' },
    { name: 'a', address: 'fd00::1' },
  ];
  assert.equal(allDropped([a], drops), true);
  assert.equal(allDropped([a, b], drops), false);
});

test('a Service whose address no packet carries is cut off once every server behind it is', () => {
  const behind = ['10.0.0.1', '10.0.0.2'];
  const service = { name: 'kubernetes-0', address: '10.96.0.1', ports: [443], behind };
  const servers = behind.map((address, at) => ({ name: `api-server-${at}`, address, ports: [6443] }));
  const cuts = [service, ...servers];
  const [toService, toFirst, toSecond] = cuts.map(({ name, address }) => `to ${name} ${address}`);
  const counted = (...counts: [string | undefined, number][]): Map<string, number> =>
    new Map(counts.map(([key = '', count]) => [key, count]));
  const atServers = counted([toService, 0], [toFirst, 3], [toSecond, 2]);
  assert.equal(allDropped(cuts, atServers), true);
  assert.match(
    describeDrops(cuts, atServers),
    /^kubernetes-0 \(10\.96\.0\.1\): 0 to, 0 from it \(no packet carries its address; dropped at all servers behind it\), api-server-0 /,
  );
  assert.doesNotMatch(describeDrops(cuts, counted([toService, 1], [toFirst, 3], [toSecond, 2])), /behind it/);
  // One server may still be reached; no rule for the Service; a server that is not cut off; nobody known to be behind it.
  assert.equal(allDropped(cuts, counted([toService, 0], [toFirst, 3], [toSecond, 0])), false);
  assert.equal(allDropped(cuts, counted([toFirst, 3], [toSecond, 2])), false);
  assert.equal(allDropped([service, ...servers.slice(0, 1)], atServers), false);
  assert.equal(allDropped([{ ...service, behind: [] }, ...servers], atServers), false);
});
