/** The stand-in for a language model: one pod, so that there is one behaviour to control. */
import { APP_USER } from '../../images/debian/debian-recipes.ts';
import { imageOf } from '../../images/index.ts';
import { TENDER, type PlatformContext } from '../context.ts';
import {
  httpProbe,
  labels,
  metadata,
  NO_RIGHTS,
  podSecurity,
  resources,
  selector,
  service,
  serviceAccount,
  type KubeObject,
} from '../objects.ts';
import type { Secrets } from '../secrets.ts';

export const LLM_STUB = 'llm-stub';
export const LLM_CREDENTIALS = 'llm-credentials';
export const LLM_URL = `http://${LLM_STUB}.${TENDER}.svc.cluster.local:8080`;
const PORT = 8080;
/** The last part of the Service's address, below the instance's block; whoever controls the stub asks there. */
const ADDRESS = '128.94';
/** The label, and the taint, of nodes of the control plane. */
const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';

/** The variable with the key, for whoever asks or answers. */
export const LLM_KEY = {
  name: 'LLM_API_KEY',
  valueFrom: { secretKeyRef: { name: LLM_CREDENTIALS, key: 'apiKey' } },
} as const;

function container(image: string): unknown {
  return {
    name: LLM_STUB,
    image,
    env: [{ name: 'PORT', value: String(PORT) }, LLM_KEY],
    ports: [{ name: 'http', containerPort: PORT }],
    readinessProbe: httpProbe('/healthz', 'http'),
    livenessProbe: httpProbe('/healthz', 'http', { periodSeconds: 10, timeoutSeconds: 3 }),
    resources: resources({
      cpuRequest: '20m',
      cpuLimit: '500m',
      memoryRequest: '48Mi',
      memoryLimit: '128Mi',
    }),
    securityContext: NO_RIGHTS,
  };
}

/** Every object of it. */
export function llmStubObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  return [
    serviceAccount(LLM_STUB, TENDER),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata(LLM_CREDENTIALS, TENDER, LLM_STUB),
      type: 'Opaque',
      stringData: { apiKey: secrets.llmApiKey },
    },
    service(LLM_STUB, TENDER, [{ name: 'http', port: PORT, targetPort: 'http' }], {
      clusterIP: `${context.addresses.block}.${ADDRESS}`,
      selector: selector(LLM_STUB),
    }),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(LLM_STUB, TENDER),
      spec: {
        replicas: 1,
        strategy: { type: 'Recreate' },
        selector: { matchLabels: selector(LLM_STUB) },
        template: {
          metadata: { labels: labels(LLM_STUB) },
          spec: {
            serviceAccountName: LLM_STUB,
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: podSecurity(APP_USER),
            // The real model is outside of the cluster: no drill may take its stand-in along with a worker that is lost.
            nodeSelector: { [CONTROL_PLANE]: '' },
            tolerations: [{ key: CONTROL_PLANE, operator: 'Exists', effect: 'NoSchedule' }],
            containers: [container(imageOf(context.images, LLM_STUB).pinned)],
          },
        },
      },
    },
  ];
}
