/** What sources of telemetry look like to somebody who may only read the objects of a cluster: names of images and ports that products document. */
import { z } from 'zod';
import { addressOf, finds, imageName, podLabels, servicePort } from '../store/recognising.ts';
import type { SeenSet } from '../store/recognising.ts';
import type { ServiceObject } from '../kubernetes/objects.ts';

/** `other`: nothing asks such a one yet, and a draft says so. */
export type SourceUse = 'prometheus' | 'shipper' | 'traces' | 'alerts' | 'dashboards' | 'kibana' | 'other';

interface Source {
  use: SourceUse;
  label: string;
  /** `kind` in the section of its use. */
  kind?: string;
  /** Last part of the names of its images. */
  image: RegExp;
  /** Ports of its HTTP API, and those that charts give to its Service. */
  ports: readonly number[];
  /** Paths of a node of which a DaemonSet of it mounts one, whatever its image is called. */
  mounts?: readonly string[];
}

const SOURCES: readonly Source[] = [
  { use: 'prometheus', label: 'Prometheus', image: /^prometheus(-server)?$/, ports: [9090, 80] },
  { use: 'prometheus', label: 'VictoriaMetrics', image: /^victoria-metrics$/, ports: [8428] },
  { use: 'alerts', label: 'Alertmanager', kind: 'alertmanager', image: /^alertmanager$/, ports: [9093] },
  {
    use: 'dashboards',
    label: 'Grafana',
    kind: 'grafana',
    image: /^grafana(-oss|-enterprise)?$/,
    ports: [3000, 80],
  },
  { use: 'kibana', label: 'Kibana', image: /^kibana$/, ports: [5601] },
  {
    use: 'traces',
    label: 'Jaeger',
    kind: 'jaeger',
    image: /^(jaeger-query|all-in-one)$/,
    ports: [16_686, 80],
  },
  // Version 2 is one image whatever its role.
  { use: 'traces', label: 'Jaeger 2', kind: 'jaeger2', image: /^jaeger$/, ports: [16_686, 80] },
  { use: 'traces', label: 'Zipkin', kind: 'zipkin', image: /^zipkin(-slim)?$/, ports: [9411] },
  {
    use: 'shipper',
    label: 'log shipper',
    ports: [],
    image:
      /^(filebeat|fluent-bit|fluentd(-kubernetes-daemonset)?|vector|elastic-agent|logstash|promtail|alloy|rsyslog|syslog-ng)$/,
    // Where kubelet keeps the lines of containers (Kubernetes: "Logging Architecture").
    mounts: ['/var/log/pods', '/var/log/containers'],
  },
  { use: 'other', label: 'Loki', image: /^loki$/, ports: [3100] },
  { use: 'other', label: 'Tempo', image: /^tempo$/, ports: [3200] },
  { use: 'other', label: 'VictoriaLogs', image: /^victoria-logs$/, ports: [9428] },
  { use: 'other', label: 'Graylog', image: /^graylog$/, ports: [9000] },
  { use: 'other', label: 'SkyWalking', image: /^skywalking-oap-server$/, ports: [12_800] },
];

export interface FoundSource {
  source: Source;
  set: SeenSet;
  /** Host and port of its Service as the cluster knows them; null: no Service was recognised. */
  address: { host: string; port: number } | null;
}

/** A Prometheus on every node only passes on what it scrapes, as the collectors of GKE do, and answers nobody. */
function answers({ use }: Source, { kind }: SeenSet): boolean {
  return use !== 'prometheus' || kind !== 'DaemonSet';
}

const hostVolume = z.object({ hostPath: z.object({ path: z.string() }) });

function isOf({ image, mounts = [] }: Source, { kind, containers, volumes }: SeenSet): boolean {
  if (containers.some((one) => image.test(imageName(one.image)))) return true;
  const paths = volumes.flatMap(
    (one) => hostVolume.safeParse(one).data?.hostPath.path.replace(/\/+$/, '') ?? [],
  );
  return kind === 'DaemonSet' && paths.some((path) => mounts.includes(path));
}

/** Every source that is recognised, in the order of the table. */
export function recogniseSources(
  sets: readonly SeenSet[],
  services: readonly ServiceObject[],
): FoundSource[] {
  return SOURCES.flatMap((source) =>
    sets
      .filter((set) => answers(source, set) && isOf(source, set))
      .map((set) => ({ source, set, address: addressIn(set, { services, ports: source.ports }) })),
  );
}

function addressIn(
  set: SeenSet,
  { services, ports }: { services: readonly ServiceObject[]; ports: readonly number[] },
): FoundSource['address'] {
  const own = services.filter(
    (service) =>
      service.metadata.namespace === set.namespace &&
      servicePort(service, ports) !== undefined &&
      podLabels(set).some((labels) => finds(service, labels)),
  );
  const found = own.find(({ spec }) => spec.clusterIP !== 'None') ?? own[0];
  return found === undefined ? null : addressOf(found, ports);
}
