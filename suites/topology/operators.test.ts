/** Stores that an operator made: their objects and answers, as operator and product state them, through observers and judges. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { serving, targetOf } from '../../probes/elasticsearch/_testing/server.ts';
import { driver as elasticsearch } from '../../probes/elasticsearch/index.ts';
import { driver as rabbitmq } from '../../probes/rabbitmq/index.ts';
import { quorumQueues, virtualHosts } from '../../probes/rabbitmq/state.ts';
import { podOfNode } from '../../probes/rabbitmq/management.ts';
import type { StoreTarget } from '../../probes/store/store-driver.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import * as eck from './_testing/eck.ts';
import { judgedOver } from './_testing/observing.ts';
import * as operator from './_testing/rabbitmq-operator.ts';

const BOUNDS = { deadlineMs: 2000 };
const storage = { className: 'fast', kinds: ['csi'] };
const workloadOf = (
  store: string,
  namespace: string,
  { name, members }: { name: string; members: number },
) => ({
  kind: 'StatefulSet',
  namespace,
  name,
  store,
  serves: true,
  replicas: { min: members, max: members },
});

describe('Elasticsearch by ECK', () => {
  const store = {
    members: 6,
    container: 'elasticsearch',
    index: { replicas: 1 },
    statefulSets: { namespace: eck.NAMESPACE, sets: eck.SETS },
  };
  const settings = {
    storage,
    stores: { elasticsearch: store },
    writes: false,
    workloads: eck.SETS.map((set) => workloadOf('elasticsearch', eck.NAMESPACE, set)),
    closed: { namespaces: [eck.NAMESPACE], ignore: [] },
  };
  const names = Object.keys(eck.NODES);
  const master = 'orders-es-masters-0';
  const over = (check: string, asked = {}): Promise<Judgement> =>
    judgedOver(check, { settings, objects: eck.OBJECTS, asked });

  /** Answers of Elasticsearch 9: `_cluster/health`, `_cluster/state`, `_cluster/settings`; ids of nodes are their names. */
  const answered = (work: (target: StoreTarget) => Promise<void>): Promise<void> => {
    const nodes = Object.fromEntries(names.map((name) => [name, { name, roles: eck.NODES[name] }]));
    const health = {
      status: 'green',
      relocating_shards: 0,
      initializing_shards: 0,
      unassigned_shards: 0,
      number_of_nodes: 6,
      number_of_data_nodes: 3,
    };
    const votes = { last_committed_config: names.filter((name) => name.includes('masters')) };
    const answers: readonly (readonly [RegExp, unknown])[] = [
      [/^GET \/_cluster\/health/, health],
      [/^GET \/_cluster\/state\/metadata\?/, { metadata: { cluster_coordination: votes } }],
      [/^GET \/_cluster\/state/, { master_node: master, nodes }],
      [/^GET \/_cluster\/settings/, { persistent: {}, transient: {}, defaults: {} }],
      [/^/, {}],
    ];
    return serving(
      (asked) => ({ json: answers.find(([path]) => path.test(asked))?.[1] }),
      (port) => work(targetOf(port, names, { members: 6, index: { replicas: 1 } })),
    );
  };

  it('should have every replica ready, no set undeclared, and its one budget for all node sets', async () => {
    for (const check of ['topology/workloads/declared', 'topology/workloads/spread']) {
      const { verdict, reason } = await over(check);
      assert.equal(verdict, 'pass', `${check}: ${reason}`);
    }
  });

  it('should have the data of masters and data nodes on claims, beside emptyDirs of its own files', async () => {
    const servers = names.map((member) => ({
      member,
      dataFolders: ['/usr/share/elasticsearch/data'],
      settings: [],
    }));
    const asked = { 'store.servers': () => Promise.resolve({ servers }) };
    const { verdict, reason } = await over('topology/storage/persistent', asked);
    assert.equal(verdict, 'pass', reason);
  });

  it('should have the roles that its node sets give, and be steady', async () => {
    await answered(async (target) => {
      const asked = { 'store.describe': () => elasticsearch.describe(target, BOUNDS) };
      const { verdict, reason } = await over('topology/workloads/roles', asked);
      assert.equal(verdict, 'pass', reason);
      const { ok, detail } = await elasticsearch.steady(target, BOUNDS);
      assert.ok(ok, detail);
    });
  });

  it('should be said to have no liveness probe, which is true', async () => {
    const { verdict, rules } = await over('topology/workloads/probes');
    assert.equal(verdict, 'fail');
    const failed = rules?.filter(({ verdict: of }) => of === 'fail').map(({ id }) => id);
    assert.deepEqual(failed, ['liveness']);
  });
});

describe('RabbitMQ by its Cluster Operator', () => {
  const set = { name: 'orders-server', members: 3 };
  const settings = {
    storage,
    writes: false,
    closed: { namespaces: [operator.NAMESPACE], ignore: [] },
    stores: {
      rabbitmq: {
        members: 3,
        container: 'rabbitmq',
        durability: { 'queue type': 'quorum' },
        statefulSet: { namespace: operator.NAMESPACE, name: set.name },
      },
    },
    workloads: [workloadOf('rabbitmq', operator.NAMESPACE, set)],
  };
  const over = (check: string, asked = {}, claims?: string[]): Promise<Judgement> =>
    judgedOver(check, { settings, objects: operator.objectsOf(claims), asked });
  const members = operator.MEMBERS.map((name, at) => ({ name, address: `10.0.0.${at + 1}` }));
  const servers = operator.NODES.map(({ db_dir: folder }, at) => ({
    member: operator.MEMBERS[at] ?? '',
    dataFolders: [folder],
    settings: [],
  }));
  const asked = { 'store.servers': () => Promise.resolve({ servers }) };

  it('should have every replica ready and nothing undeclared', async () => {
    const { verdict, reason } = await over('topology/workloads/declared');
    assert.equal(verdict, 'pass', reason);
  });

  it("should have its data on claims below the cookie's emptyDir, and fail where it asks for no storage", async () => {
    const { verdict, reason } = await over('topology/storage/persistent', asked);
    assert.equal(verdict, 'pass', reason);
    const none = await over('topology/storage/persistent', asked, []);
    assert.equal(none.verdict, 'fail');
    assert.match(none.reason, /mounted at \/var\/lib\/rabbitmq\/mnesia\/: .*seen emptyDir/);
  });

  it('should have the pods as its nodes, and quorum queues with all members', async () => {
    const connection = { host: '', port: 5671, database: '', user: 'u', password: 'p', declared: {} };
    const conditions = [quorumQueues({ connection }, [operator.QUEUE], 3), virtualHosts([operator.VHOST])];
    assert.deepEqual(
      conditions.map(({ ok }) => ok),
      [true, true],
    );
    const described = {
      leader: null,
      governing: [],
      conditions,
      members: operator.NODES.map(({ name }) => ({
        name: podOfNode(name, members),
        role: 'peer',
        state: 'running',
      })),
    };
    const { verdict, reason } = await over('topology/workloads/roles', {
      'store.describe': () => Promise.resolve(described),
    });
    assert.equal(verdict, 'pass', reason);
  });

  it('should aim at nobody where a policy drops what was confirmed, and where it refuses it instead', async () => {
    const aimed = async (effective_policy_definition: unknown): Promise<string> => {
      let seen = '';
      await managed(
        async (target) => {
          const found = await rabbitmq.leadership?.(target, 'r', BOUNDS).catch((error: unknown) => error);
          seen = found instanceof Error ? found.message : JSON.stringify(found);
        },
        { ...operator.QUEUE, effective_policy_definition },
      );
      return seen;
    };
    assert.match(
      await aimed({ 'max-length': 1000 }),
      /drop messages that it has confirmed \(max-length: 1000\)/,
    );
    assert.match(
      await aimed({ 'message-ttl': 60_000, overflow: 'reject-publish' }),
      /\(message-ttl: 60000\)/,
    );
    const leader = '{"leader":"orders-server-1"}';
    assert.equal(await aimed({ 'max-length': 1000, overflow: 'reject-publish' }), leader);
    assert.equal(await aimed([]), leader, 'as RabbitMQ says that there is none');
  });

  it('should aim at the leader of a quorum queue, and be steady', async () => {
    await managed(async (target) => {
      assert.deepEqual(await rabbitmq.leadership?.(target, 'r', BOUNDS), { leader: 'orders-server-1' });
      const { ok, detail } = await rabbitmq.steady(target, BOUNDS);
      assert.ok(ok, detail);
      assert.deepEqual(
        (await rabbitmq.servers(target, BOUNDS)).map(({ dataFolders }) => dataFolders),
        servers.map(({ dataFolders }) => dataFolders),
      );
    });
  });
});

describe('PostgreSQL by CloudNativePG, whose pods have no template', () => {
  const [namespace, folder] = ['databases', '/var/lib/postgresql/data/pgdata'];
  const names = ['orders-1', 'orders-2', 'orders-3'];
  const labels = { 'cnpg.io/cluster': 'orders', 'cnpg.io/podRole': 'instance' };
  const settings = {
    storage,
    writes: false,
    workloads: [],
    closed: { namespaces: [], ignore: [] },
    stores: { postgres: { members: 3, container: 'postgres', pods: { namespace, labels } } },
  };
  /** As its repository makes them (pkg/specs/volumes.go): a claim of the instance's name, and an emptyDir for scratch files. */
  const objectsOn = (data: (name: string) => object) =>
    names.flatMap((name) => [
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace, name, labels, ownerReferences: [{ kind: 'Cluster', name: 'orders' }] },
        spec: {
          nodeName: `node-of-${name}`,
          containers: [
            {
              name: 'postgres',
              image: 'ghcr.io/cloudnative-pg/postgresql:17',
              volumeMounts: [
                { name: 'pgdata', mountPath: '/var/lib/postgresql/data' },
                { name: 'scratch-data', mountPath: '/run' },
              ],
            },
          ],
          volumes: [
            { name: 'pgdata', ...data(name) },
            { name: 'scratch-data', emptyDir: {} },
          ],
        },
        status: { phase: 'Running' },
      },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { namespace, name },
        spec: { storageClassName: 'fast', volumeName: `pv-${name}` },
        status: { phase: 'Bound' },
      },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: `pv-${name}` },
        spec: { csi: { driver: 'csi.example.com' } },
      },
    ]);
  const servers = names.map((member) => ({ member, dataFolders: [folder], settings: [] }));
  const over = (data: (name: string) => object): Promise<Judgement> =>
    judgedOver('topology/storage/persistent', {
      settings,
      objects: objectsOn(data),
      asked: { 'store.servers': () => Promise.resolve({ servers }) },
    });

  it('should have its data on claims as the runner has its pods', async () => {
    const { verdict, reason } = await over((name) => ({ persistentVolumeClaim: { claimName: name } }));
    assert.equal(verdict, 'pass', reason);
  });

  it('should fail where its data is on an emptyDir, and say so', async () => {
    const { verdict, reason } = await over(() => ({ emptyDir: { sizeLimit: '1Gi' } }));
    assert.equal(verdict, 'fail');
    assert.match(reason, /data of orders-1 at .*pgdata, mounted at .*seen emptyDir/);
  });
});

/** The management API of each member, which is the same of all. */
async function managed(
  work: (target: StoreTarget) => Promise<void>,
  queue: object = operator.QUEUE,
): Promise<void> {
  const answers: readonly (readonly [RegExp, unknown])[] = [
    [/^\/api\/nodes/, operator.NODES],
    [/^\/api\/vhosts/, [operator.VHOST]],
    [/^\/api\/queues\/[^?]+\/[^?]+/, queue],
    [/^\/api\/queues/, [operator.QUEUE]],
  ];
  const server = createServer((request, response) => {
    const found = answers.find(([path]) => path.test(request.url ?? ''));
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found?.[1] ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await work({
      connection: {
        host: '127.0.0.1',
        port: 1,
        database: '',
        user: 'u',
        password: 'p',
        declared: { members: 3, vhost: 'shop', management: { port } },
      },
      members: () => Promise.resolve(operator.MEMBERS.map((name) => ({ name, address: '127.0.0.1' }))),
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
