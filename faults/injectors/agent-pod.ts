import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_SIDECAR } from '../../reports/record/names/no-sidecar.ts';

/** The script that the pod runs. It travels in the pod's environment, so that the image needs no files of Plumbline. */
export const AGENT = readFileSync(join(import.meta.dirname, 'agent.sh'), 'utf8');
export const AGENT_CONTAINER = 'injector';
/** Annotation that names the journal entry which created an object; the same as in runner/safety. */
export const ENTRY_ANNOTATION = 'plumbline.dev/journal-entry';
/** Termination grace, s: the time that the pod has to undo after SIGTERM. */
const GRACE_SECONDS = 30;
/** How long after the agent's own deadline, at which it undoes and exits, Kubernetes ends the pod, s. */
const DEADLINE_SLACK_SECONDS = 60;

export interface AgentPod {
  name: string;
  namespace: string;
  node: string;
  image: string;
  /** After this the agent undoes without being asked, s. */
  activeSeconds: number;
  check: string;
  annotations: Record<string, string>;
}

/** The command that runs the agent with these arguments. Its script is in the container's environment, as `$AGENT`. */
export function agentCommand(words: readonly string[]): string[] {
  return ['sh', '-c', 'eval "$AGENT"', 'agent', ...words];
}

/** The privileged pod: on one node, in the node's process namespace, for a limited time, without rights in the Kubernetes API. */
export function agentPod(pod: AgentPod): object {
  const { name, namespace, node, image, activeSeconds, check, annotations } = pod;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      annotations: { ...NO_SIDECAR.annotations, ...annotations },
      labels: {
        ...NO_SIDECAR.labels,
        'app.kubernetes.io/managed-by': 'plumbline',
        'plumbline.dev/check': check.replaceAll('/', '.'),
      },
    },
    spec: {
      nodeName: node, // bypasses the scheduler: the node may be full or cordoned
      hostPID: true,
      restartPolicy: 'OnFailure',
      activeDeadlineSeconds: activeSeconds + DEADLINE_SLACK_SECONDS,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: AGENT_CONTAINER,
          image,
          command: agentCommand(['watch', String(activeSeconds)]),
          env: [{ name: 'AGENT', value: AGENT }],
          securityContext: { privileged: true, runAsUser: 0 },
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '1', memory: '128Mi' } },
          volumeMounts: [{ name: 'state', mountPath: '/plumbline' }],
        },
      ],
      volumes: [{ name: 'state', emptyDir: {} }],
    },
  };
}
