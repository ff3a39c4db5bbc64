import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the pod runs; it has everything with it, so that its image needs no files of ours. */
export const AGENT = readFileSync(join(import.meta.dirname, 'agent.sh'), 'utf8');
export const AGENT_CONTAINER = 'injector';
/** Annotation that names the ledger entry which created an object; the same as in runner/safety. */
export const MARK = 'plumbline.dev/ledger-entry';
/** Time to undo when it is told to end, s. */
const GRACE_SECONDS = 30;
/** After its own deadline, at which it undoes and ends, s; then Kubernetes ends it. */
const DEADLINE_SLACK_SECONDS = 60;

export interface AgentPod {
  name: string;
  namespace: string;
  node: string;
  image: string;
  /** After this it undoes by itself, s. */
  activeSeconds: number;
  check: string;
  annotations: Record<string, string>;
}

/** Words for the agent, as a command in its container: the text is in the environment of every process there. */
export function agentCommand(words: readonly string[]): string[] {
  return ['sh', '-c', 'eval "$AGENT"', 'agent', ...words];
}

/** The privileged pod: on one node, in its process namespace, for a limited time, without any right in the API. */
export function agentPod(pod: AgentPod): object {
  const { name, namespace, node, image, activeSeconds, check, annotations } = pod;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      annotations,
      labels: {
        'app.kubernetes.io/managed-by': 'plumbline',
        'plumbline.dev/check': check.replaceAll('/', '.'),
      },
    },
    spec: {
      nodeName: node, // past the scheduler: the node may be full, or cordoned
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
