import {
  PAGE_BYTES,
  REACHED_AGAIN,
  REACHED_AT_ONCE,
} from '../../../../reports/record/names/topology-names.ts';
import type { CheckContext } from '../../../harness/context.ts';
import type { KubeObject } from '../../../harness/protocol.ts';
import {
  canaryLabels,
  canaryMetadata,
  CONTAINER_DEFAULTS,
  onNodes,
  POD_DEFAULTS,
  podMetadata,
} from '../../_objects/canary.ts';

/** Name of the servers, their container and their Service. */
export const SERVER = 'reach';
const PORT = 8080;

/** Doubles 16 bytes up to the size of the page, by the shell alone. */
const PADDING = `p=................; while [ \${#p} -lt ${PAGE_BYTES} ]; do p=$p$p; done`;

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
      `${PADDING}; printf '%s\\n%s\\n' "$NODE" "$p" > /tmp/index.html && exec busybox httpd -f -p ${PORT} -h /tmp`,
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
    affinity: onNodes(of.nodes),
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
        template: { metadata: podMetadata({ labels }), spec },
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

/** Requests to each target after its first answer. One that is lost then was lost on a path that is known to work. */
export const AGAIN = REACHED_AGAIN;
/** A request without an answer after this is lost: enough for two retransmissions of the SYN (after 1 s and 3 s). */
const REQUEST_SECONDS = 5;
/** Stop after this many lost requests: on a path that has closed again, all ten would wait for their full time-out. */
const LOST_ENOUGH = 2;
/** What a burst of which nothing is lost may take on a busy node. */
const BURST_MS = 2000;

/**
 * Calls all targets in parallel, each until it answers or the time is up: a Service needs a moment after its pods. Then calls each
 * target `AGAIN` times more, because one answer does not show that no requests are lost. Prints one line per target:
 * `pair|also|service|dns|outside TARGET ok|fail MILLISECONDS ASKED LOST bytes=SIZE DETAIL`, the size of the page that was answered first. `also` is a further address of the pod of a pair.
 * At last it asks one pod after the other for `REACHED_AT_ONCE` pages at once (`burst-pair|burst-also`), until two of them have lost some. Targets are arguments, never part of the script. A name must
 * resolve to exactly the Service's address, not to one that begins with it. An IPv6 address has brackets in a URL. wget's own -T is
 * not used: it crashes in Debian's static busybox 1.35.
 */
const SCRIPT = `
limit=$1; service=$2; name=$3; nodes=" $4 "; shift 4
newline='
'
now() { read -r up _ < /proc/uptime; echo "\${up%.*}\${up#*.}0"; }
fetch() {
  case $1 in *:*) host="[$1]" ;; *) host=$1 ;; esac
  busybox timeout ${REQUEST_SECONDS} busybox wget -q -O - "http://$host:${PORT}/index.html" 2>&1
}
page() {
  got=$(fetch "$1"); size=\${#got}; got=\${got%%"$newline"*}
  [ "$size" -ge ${PAGE_BYTES} ]
}
attempt() {
  case $1 in
    pair|also) page "$3" && [ "$got" = "$2" ] ;;
    service) page "$3" && case "$nodes" in *" $got "*) true ;; *) false ;; esac ;;
    dns)
      got=$(busybox timeout ${REQUEST_SECONDS} busybox nslookup "$3" 2>&1)
      [ -n "$service" ] && printf '%s\\n' "$got" | busybox grep -qwF -e "$service" ;;
    outside)
      got=$(busybox timeout ${REQUEST_SECONDS} busybox nslookup "$3" 2>&1)
      case $got in *Name:*) true ;; *) false ;; esac ;;
  esac
}
target() {
  start=$(now); size=
  until attempt "$1" "$2" "$3"; do
    if [ $(( $(now) - start )) -ge "$limit" ]; then
      echo "$1 $2 fail $(( $(now) - start )) 0 0 $(echo "$got" | busybox tr '\\n' ' ')"; return
    fi
    busybox sleep 0.2
  done
  first=$(( $(now) - start )); bytes=\${size:+"bytes=$size "}; asked=0; lost=0; why=
  while [ $asked -lt ${AGAIN} ] && [ $lost -lt ${LOST_ENOUGH} ]; do
    asked=$((asked + 1))
    attempt "$1" "$2" "$3" || { lost=$((lost + 1)); why=$(echo "$got" | busybox tr '\\n' ' '); }
  done
  echo "$1 $2 ok $first $asked $lost $bytes$why"
}
burst() {
  [ "$1" = outside ] && return
  failed=$(i=0; while [ $i -lt ${REACHED_AT_ONCE} ]; do i=$((i + 1)); { attempt "$@" || echo lost; } & done; wait)
  kind=$1; to=$2; set -- $failed
  echo "burst-$kind $to ok 0 ${REACHED_AT_ONCE} $#"
  [ $# -eq 0 ]
}
of() {
  kind=\${2%%/*}; at=\${2#*/}
  "$1" "$kind" "\${at%=*}" "\${at#*=}"
}
for peer in "$@"; do of target "$peer" & done
target service service "$service" &
target dns dns "$name" &
wait
left=${LOST_ENOUGH}
for peer in "$@"; do [ $left -eq 0 ] || of burst "$peer" || left=$((left - 1)); done
`;

/** An address of the server on another node. */
export interface Peer {
  /** pair: the first of its pod; also: a further one. */
  kind: 'pair' | 'also';
  node: string;
  ip: string;
}

export function probeCommand(of: {
  timeoutMs: number;
  nodes: readonly string[];
  peers: readonly Peer[];
  service: string;
  name: string;
  /** Names that must have an address, whichever. */
  outside?: readonly string[];
}): string[] {
  const peers = of.peers.map(({ kind, node, ip }) => `${kind}/${node}=${ip}`);
  const names = (of.outside ?? []).map((name) => `outside/${name}=${name}`);
  const fixed = [String(of.timeoutMs), of.service, of.name, of.nodes.join(' ')];
  return ['busybox', 'sh', '-c', SCRIPT, 'reach', ...fixed, ...peers, ...names];
}

/** Longest time that a probe may take, ms: until the first answer, then for the lost requests it waits for, and for a burst to each peer. */
export function probeLastsMs(firstMs: number, peers: number): number {
  return firstMs + (1 + 2 * LOST_ENOUGH) * REQUEST_SECONDS * 1000 + peers * BURST_MS;
}

export interface ProbeLine {
  kind: (typeof KINDS)[number];
  /** The node, of a pair or a burst; the name, outside. */
  to: string;
  ok: boolean;
  firstMs: number;
  asked: number;
  lost: number;
  bytes?: number;
  detail: string;
}

/** Parses the output of the script. Malformed lines are dropped; the judge notices that they are missing. */
export function readProbe(output: string): ProbeLine[] {
  return output.split('\n').flatMap((line): ProbeLine[] => {
    const found = LINE.exec(line);
    const kind = KINDS.find((one) => one === found?.[1]);
    if (found === null || kind === undefined) return [];
    const [, , to = '', outcome, firstMs, asked, lost, bytes, said = ''] = found;
    const trouble = outcome !== 'ok' || Number(lost) > 0;
    const detail = /^(Terminated)?$/.test(said.trim()) ? 'no answer' : said.trim();
    const counts = { firstMs: Number(firstMs), asked: Number(asked), lost: Number(lost) };
    const size = bytes !== undefined && { bytes: Number(bytes) };
    return [{ kind, to, ok: outcome === 'ok', ...counts, ...size, detail: trouble ? detail : '' }];
  });
}

const LINE = /^(\S+) (\S+) (ok|fail) (\d+) (\d+) (\d+)(?: bytes=(\d+))?(?: (.*))?$/;
const KINDS = ['pair', 'also', 'service', 'dns', 'outside', 'burst-pair', 'burst-also'] as const;
