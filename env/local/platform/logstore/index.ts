/** The store of log lines: one Elasticsearch of its own, so that a failover of the platform's touches no line of it. */
import { APP_USER } from '../../images/debian/debian-recipes.ts';
import { imageOf } from '../../images/index.ts';
import { waitFor } from '../../../../host/wait.ts';
import { OBSERVABILITY, type PlatformContext } from '../context.ts';
import { callOf, type Call } from '../elasticsearch/call.ts';
import { gateConfig, HTTP_PORT, LOG_CONFIG } from '../elasticsearch/config.ts';
import { gateContainer, serverContainer } from '../elasticsearch/containers.ts';
import {
  dataClaim,
  labels,
  metadata,
  podSecurity,
  selector,
  service,
  serviceAccount,
  type KubeObject,
} from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import { ensureSecrets, type Secrets } from '../secrets.ts';
import { HEAP, INDEX_TEMPLATE, LOGSTORE_CONFIG, outdated, TEMPLATE, USERS } from './config.ts';

const NAME = 'logstore';
export const LOGSTORE_CREDENTIALS = `${NAME}-credentials`;
export const LOGSTORE_URL = `http://${NAME}.${OBSERVABILITY}.svc.cluster.local:${String(HTTP_PORT)}`;
/** The last part of the Service's address, below the instance's block; environment files name it. */
const ADDRESS = '128.90';

function statefulSet(context: PlatformContext): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(NAME, OBSERVABILITY),
    spec: {
      replicas: 1,
      serviceName: `${NAME}-members`,
      selector: { matchLabels: selector(NAME) },
      template: {
        metadata: { labels: labels(NAME) },
        spec: {
          serviceAccountName: NAME,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          securityContext: podSecurity(APP_USER),
          containers: [
            serverContainer({
              name: NAME,
              image: imageOf(context.images, 'elasticsearch').pinned,
              heap: HEAP,
              memoryRequest: '768Mi',
              memoryLimit: '1280Mi',
            }),
            gateContainer({
              image: imageOf(context.images, 'haproxy').pinned,
              users: USERS,
              credentials: LOGSTORE_CREDENTIALS,
              cpuRequest: '10m',
            }),
          ],
          volumes: [
            { name: 'config', configMap: { name: `${NAME}-config` } },
            { name: 'gate', configMap: { name: `${NAME}-gate` } },
            { name: 'scratch', emptyDir: { sizeLimit: '128Mi' } },
          ],
        },
      },
      volumeClaimTemplates: [dataClaim(NAME)],
    },
  };
}

function configMap(name: string, data: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(name, OBSERVABILITY, NAME), data };
}

/** Every object of it. */
export function logstoreObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  const ports = [{ name: 'http', port: HTTP_PORT, targetPort: 'http' }];
  return [
    serviceAccount(NAME, OBSERVABILITY),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata(LOGSTORE_CREDENTIALS, OBSERVABILITY, NAME),
      type: 'Opaque',
      stringData: { plumbline: secrets.logstorePlumbline, shipper: secrets.logstoreShipper },
    },
    configMap(`${NAME}-config`, { 'elasticsearch.yml': LOGSTORE_CONFIG, 'log4j2.properties': LOG_CONFIG }),
    configMap(`${NAME}-gate`, { 'haproxy.cfg': gateConfig(USERS) }),
    service(NAME, OBSERVABILITY, ports, {
      clusterIP: `${context.addresses.block}.${ADDRESS}`,
      selector: selector(NAME),
    }),
    service(`${NAME}-members`, OBSERVABILITY, ports, { clusterIP: 'None', selector: selector(NAME) }),
    statefulSet(context),
  ];
}

const READY_DEADLINE_MS = 240_000; // 25 s on an idle machine, more than a minute where every store starts at once
const PREPARED_DEADLINE_MS = 60_000;

/**
 * Waits for the server, and gives it the template without which no shipper begins.
 * @throws DeadlineError with what the server said last
 */
export async function waitLogstore(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: OBSERVABILITY,
    workload: `statefulset/${NAME}`,
    deadlineMs: READY_DEADLINE_MS,
  });
  const { logstorePlumbline: password } = await ensureSecrets(context.stateDir);
  const url = `http://${context.addresses.block}.${ADDRESS}:${String(HTTP_PORT)}`;
  const call = callOf(context, { url, user: 'plumbline', password });
  await waitFor(async () => await prepare(call), {
    what: `the store of log lines of ${context.instance} (${url}) to take its index template "${TEMPLATE}"`,
    deadlineMs: PREPARED_DEADLINE_MS,
    intervalMs: 500,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} -n ${OBSERVABILITY} logs ${NAME}-0 -c ${NAME}`,
  });
}

async function prepare(call: Call): Promise<true> {
  const put = await call('PUT', `/_index_template/${TEMPLATE}`, JSON.stringify(INDEX_TEMPLATE));
  if (put.status !== 200) throw new Error(`template: ${String(put.status)} ${put.text.slice(0, 300)}`);
  const listed = await call('GET', '/_cat/indices/logs-*?format=json&h=index');
  if (listed.status !== 200)
    throw new Error(`indices: ${String(listed.status)} ${listed.text.slice(0, 300)}`);
  const names = (JSON.parse(listed.text) as { index: string }[]).map(({ index }) => index);
  for (const name of outdated(names, Date.now())) await call('DELETE', `/${name}`);
  return true;
}
