/** The two containers of every Elasticsearch here, the platform's and that of the log lines: the server, and the gate that asks for a password. */
import { httpProbe, NO_RIGHTS, resources } from '../objects.ts';
import {
  CONFIG,
  DATA,
  HEALTH_PORT,
  HTTP_PORT,
  javaArguments,
  JOINED_PORT,
  passwordVariable,
} from './config.ts';

const fieldEnv = (name: string, fieldPath: string): unknown => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
});

interface ServerContainer {
  readonly name: string;
  readonly image: string;
  readonly heap: string;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
  /** Of a member of several: where the others reach it. */
  readonly transportPort?: number;
}

/** Wants volumes `data`, `config` and `scratch`. */
export function serverContainer(of: ServerContainer): unknown {
  const member = of.transportPort !== undefined;
  return {
    name: of.name,
    image: of.image,
    args: javaArguments(of.heap),
    env: [fieldEnv('POD_NAME', 'metadata.name'), ...(member ? [fieldEnv('POD_IP', 'status.podIP')] : [])],
    ...(member && { ports: [{ name: 'transport', containerPort: of.transportPort }] }),
    // Open while the node knows a master, so that one that is cut off leaves the Service; the gate's probe sees a server that hangs.
    readinessProbe: {
      tcpSocket: { port: JOINED_PORT },
      periodSeconds: 2,
      timeoutSeconds: 1,
      failureThreshold: 3,
    },
    // Through the gate: from its own start to its first answer it takes half a minute on a busy machine.
    startupProbe: httpProbe('/alive', HEALTH_PORT, { failureThreshold: 150 }),
    livenessProbe: httpProbe('/alive', HEALTH_PORT, {
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    }),
    resources: resources({
      cpuRequest: '100m',
      cpuLimit: '1',
      memoryRequest: of.memoryRequest,
      memoryLimit: of.memoryLimit,
    }),
    securityContext: NO_RIGHTS,
    volumeMounts: [
      { name: 'data', mountPath: DATA },
      { name: 'config', mountPath: CONFIG },
      { name: 'scratch', mountPath: '/tmp' },
    ],
  };
}

interface GateContainer {
  readonly image: string;
  readonly users: readonly string[];
  /** The Secret that holds a password for each of them, by name. */
  readonly credentials: string;
  readonly cpuRequest: string;
}

/** Wants the volume `gate`. */
export function gateContainer({ image, users, credentials, cpuRequest }: GateContainer): unknown {
  return {
    name: 'gate',
    image,
    args: ['-W', '-db', '-f', '/etc/gate/haproxy.cfg'],
    env: users.map((user) => ({
      name: passwordVariable(user),
      valueFrom: { secretKeyRef: { name: credentials, key: user } },
    })),
    ports: [
      { name: 'http', containerPort: HTTP_PORT },
      { name: 'health', containerPort: HEALTH_PORT },
    ],
    readinessProbe: httpProbe('/alive', 'health'),
    livenessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 10, timeoutSeconds: 5 },
    resources: resources({ cpuRequest, cpuLimit: '500m', memoryRequest: '16Mi', memoryLimit: '64Mi' }),
    securityContext: NO_RIGHTS,
    volumeMounts: [{ name: 'gate', mountPath: '/etc/gate' }],
  };
}
