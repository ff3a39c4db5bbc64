/** Elasticsearch: three members that hold data and may become master, each behind a gate that asks for a password. */
import { APP_USER } from '../../images/debian/debian-recipes.ts';
import { imageOf } from '../../images/index.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import {
  dataClaim,
  disruptionBudget,
  labels,
  metadata,
  podSecurity,
  requiredSpread,
  selector,
  service,
  serviceAccount,
  type KubeObject,
} from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import { elasticsearchConfig, gateConfig, HTTP_PORT, LOG_CONFIG, TRANSPORT_PORT } from './config.ts';
import { gateContainer, serverContainer } from './containers.ts';
import { ensureDocuments } from './documents.ts';

const NAME = 'elasticsearch';
const MEMBERS = 3;
const HEADLESS = `${NAME}-members`;
const CREDENTIALS = `${NAME}-credentials`;
/** The last part of the Service's address, below the instance's block; environment files name it. */
const ADDRESS = '128.50';
const HEAP = '400m';
const USERS = ['plumbline', 'tender'] as const;

function statefulSet(context: PlatformContext): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(NAME, TENDER),
    spec: {
      replicas: MEMBERS,
      serviceName: HEADLESS,
      podManagementPolicy: 'Parallel', // the first master is elected by a majority of them
      selector: { matchLabels: selector(NAME) },
      template: {
        metadata: { labels: labels(NAME) },
        spec: {
          serviceAccountName: NAME,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          securityContext: podSecurity(APP_USER),
          affinity: requiredSpread(NAME),
          containers: [
            serverContainer({
              name: NAME,
              image: imageOf(context.images, NAME).pinned,
              heap: HEAP,
              memoryRequest: '640Mi',
              memoryLimit: '896Mi',
              transportPort: TRANSPORT_PORT,
            }),
            gateContainer({
              image: imageOf(context.images, 'haproxy').pinned,
              users: USERS,
              credentials: CREDENTIALS,
              cpuRequest: '20m',
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
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(name, TENDER, NAME), data };
}

/** Every object of the store. */
export function elasticsearchObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  const members = Array.from({ length: MEMBERS }, (_, i) => `${NAME}-${String(i)}`);
  const headless = `${HEADLESS}.${TENDER}.svc.cluster.local`;
  return [
    serviceAccount(NAME, TENDER),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata(CREDENTIALS, TENDER, NAME),
      type: 'Opaque',
      stringData: { plumbline: secrets.elasticsearchPlumbline, tender: secrets.elasticsearchTender },
    },
    configMap(`${NAME}-config`, {
      'elasticsearch.yml': elasticsearchConfig(members, headless),
      'log4j2.properties': LOG_CONFIG,
    }),
    configMap(`${NAME}-gate`, { 'haproxy.cfg': gateConfig(USERS) }),
    service(NAME, TENDER, [{ name: 'http', port: HTTP_PORT, targetPort: 'http' }], {
      clusterIP: `${context.addresses.block}.${ADDRESS}`,
      selector: selector(NAME),
    }),
    // Members find each other before they are ready: only then can they become it.
    service(HEADLESS, TENDER, [{ name: 'transport', port: TRANSPORT_PORT }], {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: selector(NAME),
    }),
    statefulSet(context),
    disruptionBudget(NAME, TENDER, MEMBERS - 1),
  ];
}

const READY_DEADLINE_MS = 240_000; // 25 s on an idle machine, a minute where every store starts at once

/**
 * Waits for every member, then for a green cluster that holds the platform's documents.
 * @throws DeadlineError with what the cluster said last
 */
export async function waitElasticsearch(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: TENDER,
    workload: `statefulset/${NAME}`,
    deadlineMs: READY_DEADLINE_MS,
  });
  await ensureDocuments(context, `http://${context.addresses.block}.${ADDRESS}:${String(HTTP_PORT)}`);
}
