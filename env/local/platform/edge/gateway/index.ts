/** The stand-in for Kong: two proxies, their Service, and the Admin API on a Service of its own. */
import { APP_USER } from '../../../images/debian/debian-recipes.ts';
import { imageOf } from '../../../images/index.ts';
import { EDGE, TENDER, type PlatformContext } from '../../context.ts';
import {
  disruptionBudget,
  httpProbe,
  labels,
  metadata,
  NO_RIGHTS,
  podSecurity,
  requiredSpread,
  resources,
  selector,
  service,
  serviceAccount,
  type KubeObject,
} from '../../objects.ts';
import { podsService } from '../../prometheus/services.ts';
import { telemetryEnvironment } from '../../telemetry-environment.ts';
import { TENDER_AI, TENDER_AI_PORT } from '../../tender-ai/names.ts';
import { TENDER_API, TENDER_API_PORT } from '../../tender-api/index.ts';

export const GATEWAY = 'gateway';
/** Kong's own default ports. */
export const PROXY_PORT = 8000;
export const ADMIN_PORT = 8001;
const PODS = 2;

/** Where `/ai/…` leads; nowhere without the AI service. */
function aiEnvironment(context: PlatformContext): unknown[] {
  const address = `${TENDER_AI}.${TENDER}.svc.cluster.local:${String(TENDER_AI_PORT)}`;
  return context.with.includes('ai') ? [{ name: 'AI_UPSTREAM', value: address }] : [];
}

function container(context: PlatformContext): unknown {
  return {
    name: GATEWAY,
    image: imageOf(context.images, GATEWAY).pinned,
    env: [
      { name: 'UPSTREAM', value: `${TENDER_API}.${TENDER}.svc.cluster.local:${String(TENDER_API_PORT)}` },
      { name: 'PROXY_PORT', value: String(PROXY_PORT) },
      { name: 'ADMIN_PORT', value: String(ADMIN_PORT) },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ...aiEnvironment(context),
      ...telemetryEnvironment(context),
    ],
    ports: [
      { name: 'proxy', containerPort: PROXY_PORT },
      { name: 'admin', containerPort: ADMIN_PORT },
    ],
    // The gateway's own state, never its upstream's: a backend that is down must be answered with 502, not with silence.
    readinessProbe: httpProbe('/status', 'admin', { failureThreshold: 2 }),
    livenessProbe: httpProbe('/status', 'admin', { periodSeconds: 5, timeoutSeconds: 2 }),
    lifecycle: { preStop: { sleep: { seconds: 3 } } },
    resources: resources({
      cpuRequest: '50m',
      cpuLimit: '500m',
      memoryRequest: '64Mi',
      memoryLimit: '192Mi',
    }),
    securityContext: NO_RIGHTS,
  };
}

/** Every object of the gateway. */
export function gatewayObjects(context: PlatformContext): KubeObject[] {
  return [
    serviceAccount(GATEWAY, EDGE),
    service(GATEWAY, EDGE, [{ name: 'proxy', port: PROXY_PORT, targetPort: 'proxy' }]),
    service(`${GATEWAY}-admin`, EDGE, [{ name: 'admin', port: ADMIN_PORT, targetPort: 'admin' }], {
      selector: selector(GATEWAY),
    }),
    podsService(GATEWAY),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(GATEWAY, EDGE),
      spec: {
        replicas: PODS,
        selector: { matchLabels: selector(GATEWAY) },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
        template: {
          metadata: { labels: labels(GATEWAY) },
          spec: {
            serviceAccountName: GATEWAY,
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: 20,
            securityContext: podSecurity(APP_USER),
            affinity: requiredSpread(GATEWAY),
            containers: [container(context)],
          },
        },
      },
    },
    disruptionBudget(GATEWAY, EDGE, PODS - 1),
  ];
}
