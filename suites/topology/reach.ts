import type { CheckContext } from '../harness/check.ts';
import type { KubeObject } from '../harness/protocol.ts';
import { canaryLabels, canaryMetadata, CONTAINER_DEFAULTS, POD_DEFAULTS } from './canary.ts';

/** Name of the servers, their container and their Service. */
export const SERVER = 'reach';
const PORT = 8080;
const HOSTNAME = 'kubernetes.io/hostname';
/** Above this many nodes the pairs are sampled: 20 nodes are 380 pairs and 20 calls. */
const MOST_NODES = 20;

/** Every node, or 20 of them evenly spaced from a random start, so that every night covers others. */
export function sampleOf(names: readonly string[], random: () => number = Math.random): string[] {
  if (names.length <= MOST_NODES) return [...names];
  const start = Math.floor(random() * names.length);
  const chosen = Array.from(
    { length: MOST_NODES },
    (_, i) => names[(start + Math.floor((i * names.length) / MOST_NODES)) % names.length] ?? '',
  );
  return chosen.sort();
}

/** A DaemonSet on the sampled nodes, whatever their taints, and a Service in front of it: two calls for any number of nodes. */
export function reachObjects(
  ctx: CheckContext,
  of: { image: string; nodes: readonly string[] },
): KubeObject[] {
  const labels = { ...canaryLabels(ctx), 'app.kubernetes.io/name': SERVER };
  const selector = { 'app.kubernetes.io/name': SERVER };
  const container = {
    name: SERVER,
    image: of.image,
    command: [
      'busybox',
      'sh',
      '-c',
      `echo "$NODE" > /tmp/index.html && exec busybox httpd -f -p ${PORT} -h /tmp`,
    ],
    env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
    ports: [{ containerPort: PORT }],
    readinessProbe: { httpGet: { path: '/index.html', port: PORT }, periodSeconds: 1 },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    ...CONTAINER_DEFAULTS,
  };
  const spec = {
    ...POD_DEFAULTS,
    tolerations: [{ operator: 'Exists' }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME, operator: 'In', values: of.nodes }] }],
        },
      },
    },
    containers: [container],
    volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Mi' } }],
  };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: canaryMetadata(ctx, SERVER, selector),
      spec: {
        selector: { matchLabels: selector },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } },
        template: { metadata: { labels }, spec },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: canaryMetadata(ctx, SERVER, selector),
      spec: { selector, ports: [{ name: 'http', port: PORT, protocol: 'TCP' }] },
    },
  ];
}

/**
 * Asks all targets at once, each until it answers or the time is up (a Service needs a moment after its pods). Prints a
 * line a target (wget's own -T ends in a segmentation fault in Debian's static busybox 1.35): `pair|service|dns TARGET ok|fail MILLISECONDS DETAIL`. Targets are arguments, never part of the script.
 */
const SCRIPT = `
limit=$1; service=$2; name=$3; shift 3
now() { read -r up _ < /proc/uptime; echo "\${up%.*}\${up#*.}0"; }
fetch() { busybox timeout 2 busybox wget -q -O - "http://$1:${PORT}/index.html" 2>&1; }
attempt() {
  case $1 in
    pair) got=$(fetch "$3"); [ "$got" = "$2" ] ;;
    service) got=$(fetch "$3") ;;
    dns) got=$(busybox timeout 3 busybox nslookup "$3" 2>&1); case "$got" in *"$service"*) true ;; *) false ;; esac ;;
  esac
}
target() {
  start=$(now)
  while :; do
    if attempt "$1" "$2" "$3"; then echo "$1 $2 ok $(( $(now) - start ))"; return; fi
    if [ $(( $(now) - start )) -ge "$limit" ]; then break; fi
    busybox sleep 0.2
  done
  echo "$1 $2 fail $(( $(now) - start )) $(echo "$got" | busybox tr '\\n' ' ')"
}
for peer in "$@"; do target pair "\${peer%=*}" "\${peer#*=}" & done
target service service "$service" &
target dns dns "$name" &
wait
`;

export function probeCommand(of: {
  timeoutMs: number;
  peers: { node: string; ip: string }[];
  service: string;
  name: string;
}): string[] {
  const peers = of.peers.map((peer) => `${peer.node}=${peer.ip}`);
  return ['busybox', 'sh', '-c', SCRIPT, 'reach', String(of.timeoutMs), of.service, of.name, ...peers];
}

export interface ProbeLine {
  kind: 'pair' | 'service' | 'dns';
  to?: string;
  ok: boolean;
  ms: number;
  detail?: string;
}

/** Reads what the script printed; lines of any other form are left out, and the judge then misses them. */
export function readProbe(output: string): ProbeLine[] {
  return output.split('\n').flatMap((line) => {
    const found = /^(pair|service|dns) (\S+) (ok|fail) (\d+)(?: (.*))?$/.exec(line);
    if (found === null) return [];
    const [, kind = '', target = '', outcome, ms, detail = ''] = found;
    const ok = outcome === 'ok';
    return [
      {
        kind: kind as ProbeLine['kind'],
        ...(kind === 'pair' && { to: target }),
        ok,
        ms: Number(ms),
        ...(!ok && { detail: /^(Terminated)?$/.test(detail.trim()) ? 'no answer' : detail.trim() }),
      },
    ];
  });
}
