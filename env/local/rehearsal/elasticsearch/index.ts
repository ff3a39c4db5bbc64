/** Elasticsearch with dedicated masters and data nodes, over TLS alone: two sets of the members of the reference platform. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askOnce, type HttpQuestion } from '../../../../host/http.ts';
import { waitFor } from '../../../../host/wait.ts';
import { replicasOf, specOf } from '../../platform/applied.ts';
import type { PlatformContext } from '../../platform/context.ts';
import { ELASTICSEARCH_IMAGES } from '../../platform/elasticsearch/index.ts';
import { serverObjects, type Members } from '../../platform/elasticsearch/server.ts';
import { part, type Applied } from '../../platform/part.ts';
import { storeCertificate } from '../store-certificate.ts';

const NAME = 'catalog';
const NAMESPACE = 'search';
const [MASTERS, DATA] = [`${NAME}-master`, `${NAME}-data`];
const DOMAIN = `${NAME}.${NAMESPACE}.svc.cluster.local`;
const certificate = storeCertificate(NAME, {
  authority: 'search authority',
  names: [DOMAIN, NAME],
  addresses: [],
});

/** As it is in both sets, with the names and the folder of another team. */
const COMMON = {
  namespace: NAMESPACE,
  cluster: NAME,
  masters: MASTERS,
  server: 'node',
  gate: 'door',
  data: '/srv/search',
  class: 'fast-local',
  owner: NAME,
  tls: ' ssl crt /etc/gate-tls/tls.crt',
  rules: readFileSync(join(import.meta.dirname, 'rules.cfg'), 'utf8'),
  service: NAME,
  address: '51',
} as const;
/** Both sets are one cluster, as one label says. */
const LABELLED = { key: 'tier', others: { app: NAME } };
const MASTER_SET: Members = {
  ...COMMON,
  name: MASTERS,
  roles: 'master',
  first: [0, 1, 2].map((at) => `${MASTERS}-${at}`).join(','),
  heap: '128m',
  memory: '288Mi',
  most: '512Mi',
};
/** Clients come to these: the masters have enough to do. */
const DATA_SET: Members = {
  ...COMMON,
  name: DATA,
  roles: 'data',
  first: '',
  heap: '256m',
  memory: '448Mi',
  most: '704Mi',
};

export const store = part({
  name: 'elasticsearch',
  images: ELASTICSEARCH_IMAGES,
  passwords: ['elasticsearchPlumbline', 'elasticsearchOwner'],
  objects: (context, secrets) => [
    ...certificate.objects(context, secrets, { folder: import.meta.dirname }),
    ...serverObjects(context, secrets, MASTER_SET, {
      labelling: LABELLED,
      files: ['manifests.yaml', 'tls.yaml'],
    }),
    ...serverObjects(context, secrets, DATA_SET, {
      labelling: LABELLED,
      files: ['manifests.yaml', 'tls.yaml', 'service.yaml'],
    }),
  ],
  prepare: certificate.ensure,
  works: isGreen,
});

const GREEN_DEADLINE_MS = 120_000;
const ANSWER_MS = 10_000;
/** What the platform itself keeps: an index whose settings tell how durable it is. */
const INDEX = '/products';
const SETTINGS = { settings: { number_of_shards: 1, number_of_replicas: 2 } };

type OfElasticsearch = Applied<'elasticsearchOwner'>;

/**
 * Has the owner's index made, and waits until the cluster is green with every node.
 * @throws DeadlineError with what the cluster said last
 */
async function isGreen(context: PlatformContext, applied: OfElasticsearch): Promise<void> {
  const ask = asking(context, applied);
  const nodes = [MASTERS, DATA].reduce(
    (sum, set) => sum + replicasOf(applied.objects, 'StatefulSet', set),
    0,
  );
  await waitFor(async () => await greenWith(ask, nodes), {
    what: `Elasticsearch of ${context.instance} to be green with ${String(nodes)} nodes and its index ${INDEX}`,
    deadlineMs: GREEN_DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${NAMESPACE} logs ${MASTERS}-0 -c node`,
  });
}

type Ask = (question: HttpQuestion) => Promise<{ status: number; text: string }>;

/** As the owner, through the Service, held to the certificate's name. */
function asking({ stateDir, signal }: PlatformContext, { objects, secrets }: OfElasticsearch): Ask {
  const { clusterIP, ports } = specOf(objects, 'Service', NAME) as {
    clusterIP: string;
    ports: [{ port: number }];
  };
  const port = String(ports[0].port);
  const server = {
    url: `https://${DOMAIN}:${port}`,
    address: `${clusterIP}:${port}`,
    ca: readFileSync(join(stateDir, NAME, 'ca.crt'), 'utf8'),
    account: { user: NAME, password: secrets.elasticsearchOwner },
  };
  return (question) => askOnce(server, question, { deadlineMs: ANSWER_MS, signal });
}

/** Throws with what the cluster says while it is not. */
async function greenWith(ask: Ask, nodes: number): Promise<true> {
  const found = await ask({ path: INDEX });
  if (found.status === 404) {
    const headers = { 'content-type': 'application/json' };
    const made = await ask({ path: INDEX, method: 'PUT', headers, body: JSON.stringify(SETTINGS) });
    if (made.status !== 200) throw new Error(`index: ${String(made.status)} ${made.text.slice(0, 300)}`);
  }
  const wanted = `wait_for_status=green&wait_for_nodes=${String(nodes)}&timeout=5s`;
  const { status, text } = await ask({ path: `/_cluster/health?${wanted}` });
  if (status === 200) return true;
  throw new Error(`health: ${String(status)} ${text.slice(0, 300)}`);
}
