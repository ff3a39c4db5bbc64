/**
 * The part of the environment that a history's header holds for judges. The environment's schema (env/) is wider; its values are checked
 * against these shapes when compiling and when a header is read. A judge gets no keys that no judge reads.
 */
import { z } from 'zod';
import { objectiveSchema } from './telemetry/objective.ts';

/** A drill longer ago than this explains no restart any more, and is not listed. */
export const DRILLS_KEPT_MS = 7 * 86_400_000;

const labels = z.record(z.string(), z.string());
const count = z.object({ min: z.number(), max: z.number() });
const objectName = z.object({ namespace: z.string(), name: z.string() });
const endpoint = z.object({ host: z.string(), port: z.number() });

const store = z.object({
  members: z.number(),
  statefulSet: objectName.optional(),
  statefulSets: z
    .object({
      namespace: z.string(),
      sets: z.array(z.object({ name: z.string(), members: z.number() })),
    })
    .optional(),
  pods: z.object({ namespace: z.string(), labels }).optional(),
  container: z.string().optional(),
  primary: endpoint.optional(),
  replica: endpoint.optional(),
  /** A list: any of these values. */
  durability: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
  /** Whose settings may differ from `durability`. */
  durabilityOverrides: z
    .array(z.object({ role: z.string().optional(), database: z.string().optional(), reason: z.string() }))
    .optional(),
  storageClass: z.string().optional(),
  /** Copies of what is written besides the primary, where not every member has one. */
  index: z.object({ replicas: z.number() }).optional(),
  /** The same of a database of Neo4j Enterprise, whose cluster may have servers without one. */
  enterprise: z.object({ primaries: z.number(), secondaries: z.number() }).optional(),
  /** What manages it, by the key that declares it. */
  manager: z.string().optional(),
  patroni: z.looseObject({}).optional(),
  /** The members are a Redis Cluster: several masters, each with so many replicas. */
  cluster: z.object({ replicas: z.number() }).optional(),
  /** Another product than the store is named after, that speaks its API. */
  product: z.string().optional(),
  /** Further ways by which clients write, by name. */
  paths: z.record(z.string(), z.array(endpoint)).optional(),
  clientLoad: z.object({ writesPerSecond: z.number(), readsPerSecond: z.number() }).optional(),
  /** What is promised under each fault. */
  goals: z.record(z.string(), z.object({ lostWrites: z.number().optional() })).optional(),
});

const workload = z.object({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  replicas: count,
  serves: z.boolean().optional(),
  store: z.string().optional(),
  part: z.string().optional(),
  gpu: z.number().optional(),
  /** The repository of all its containers, or of each by its name. */
  image: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  spread: z
    .object({ differentNodes: z.boolean().optional(), disruptionBudget: z.boolean().optional() })
    .optional(),
  exempt: z
    .array(
      z.object({
        checks: z.array(z.string()),
        containers: z.array(z.string()).optional(),
        reason: z.string(),
      }),
    )
    .optional(),
});

const pool = z.object({
  name: z.string(),
  count,
  labels,
  withoutLabels: z.array(z.string()).optional(),
  taints: z.array(z.object({ key: z.string(), value: z.string().optional(), effect: z.string() })),
});

const certificate = z.object({
  name: z.string(),
  host: z.string(),
  port: z.number(),
  serverName: z.string().optional(),
  trust: z.union([z.string(), z.object({ file: z.string() })]).optional(),
  minDays: z.number().optional(),
});

const edge = z.object({
  url: z.string(),
  hops: z.array(
    z.object({
      name: z.string(),
      header: z.string(),
      contains: z.string(),
      stubFor: z.string().optional(),
    }),
  ),
  backend: z
    .object({
      deployment: objectName,
      requestsPerSecond: z.number(),
      scaling: z.object({
        lowPerSecond: z.number(),
        highPerSecond: z.number(),
        rampSeconds: z.number(),
        scenario: z.string().optional(),
        metric: z.string().optional(),
      }),
    })
    .optional(),
});

const hop = z.object({
  service: z.string(),
  workload: z.string().optional(),
  loggedAs: z.string().optional(),
  parent: z.string().optional(),
  through: z.string(),
  logs: z.boolean(),
  spans: z.array(z.object({ name: z.string() })),
});

const telemetry = z.object({
  logs: z.object({ shipper: z.object({ daemonSet: objectName }).optional() }).optional(),
  traces: z.object({ path: z.array(hop) }).optional(),
  alerts: z.object({ ruleGroups: z.object({ prefix: z.string() }) }).optional(),
  required: z
    .object({
      targets: z.array(z.string()),
      series: z.array(z.string()),
      leastTargets: z.record(z.string(), z.number()).optional(),
    })
    .optional(),
  dashboards: z
    .object({
      declared: z.array(z.object({ uid: z.string(), title: z.string() })),
      stubbed: z.boolean().optional(),
      kibana: z.looseObject({}).optional(),
    })
    .optional(),
  canary: z
    .object({
      requests: z.number(),
      perSecond: z.number(),
      few: z.number(),
      lines: z.number(),
      linesPerSecond: z.number(),
      underFaultSeconds: z.number(),
      fault: z.string(),
    })
    .partial()
    .optional(),
});

const gpu = z.object({
  resource: z.string(),
  pool: z.string(),
  devicesPerNode: z.number(),
  sharedBy: z.number(),
  simulated: z.boolean(),
  kind: z.enum(['whole', 'mig', 'shared']).optional(),
  variable: z.string().optional(),
  plugin: objectName.optional(),
  workload: z.array(z.string()).optional(),
  metrics: z
    .object({
      series: z.string(),
      labels: z.object({ device: z.string(), node: z.string(), pod: z.string().optional() }),
      maximum: z.number(),
      perNode: z.number().optional(),
    })
    .optional(),
  claims: z.object({ driver: z.string() }).optional(),
});

const ai = z.object({
  deployment: objectName,
  jobs: z.object({ requestsPerSecond: z.number() }).optional(),
  scaling: z
    .object({ perSecond: z.number(), modelDelayMs: z.number(), metric: z.string().optional() })
    .optional(),
  llm: z
    .object({
      stubbed: z.boolean().optional(),
      control: z
        .looseObject({ rest: z.looseObject({ delayMs: z.number().optional() }).optional() })
        .optional(),
    })
    .optional(),
});

/** What of the application's contract its judges need. */
const application = z.object({
  follow: z.union([z.object({ echo: z.string() }), z.enum(['trace', 'none'])]),
  proof: z.union([
    z.object({ header: z.string(), contains: z.string().optional() }),
    z.enum(['echo', 'answers', 'none']),
  ]),
  /** Header that names the pod which answered. */
  servedBy: z.string().optional(),
  /** Statuses of good answers, by request. */
  statuses: z.object({ look: z.array(z.int()), draft: z.array(z.int()).optional() }),
});

const network = z.object({
  cni: z.object({ name: z.string(), daemonSet: objectName.optional() }),
  policyEnforced: z.boolean().optional(),
  clusterDomain: z.string().optional(),
  outsideNames: z.array(z.string()).optional(),
});

export const settingsSchema = z
  .object({
    kind: z.string(),
    embedded: z.string(),
    size: z.string(),
    apiAddress: z.string(),
    namespaces: z.object({ platform: z.string(), edge: z.string(), canary: z.string() }).partial(),
    /** Every named time-out, ms. */
    timeouts: z.record(z.string(), z.number()),
    stores: z.record(z.string(), store.optional()),
    drills: z.object({
      steadySeconds: z.number(),
      errorBudget: z.object({ enforced: z.boolean().optional() }).optional(),
    }),
    writes: z.boolean(),
    /** The run made and changed nothing. */
    readOnly: z.literal(true),
    /** How the network of the cluster is reached; left out: the run's machine is in it. */
    reach: z.literal('port-forward'),
    // Topology: a topology check gets these parts, any other check the whole as `topology`.
    controlPlane: z.object({ nodes: z.number(), etcdMembers: z.number() }),
    certificates: z.array(certificate),
    pools: z.array(pool),
    nodes: z.object({
      others: z.array(z.object({ labels: z.record(z.string(), z.string()), reason: z.string() })),
    }),
    network,
    storage: z.object({
      className: z.string(),
      kinds: z.array(z.string()),
      canaryBytes: z.number().optional(),
    }),
    workloads: z.array(workload),
    closed: z.object({
      namespaces: z.array(z.string()),
      ignore: z.array(z.object({ kind: z.string(), name: z.string(), reason: z.string() })),
    }),
    /** Workloads of components that an embedded environment left out: they may exist, and need not. */
    leftOut: z.array(z.string()),
    /** Recent drills, by the pods (`namespace/name`) that they hit; times are ISO 8601. */
    drilled: z.array(
      z.object({
        pods: z.array(z.string()),
        from: z.string(),
        to: z.string(),
        /** Container restarts by pod when the drill began. */
        restarts: z.record(z.string(), z.number()).optional(),
      }),
    ),
    /** Why drills of runs on other machines are not in `drilled`; left out: they are. */
    drillsUnknown: z.string(),
    registry: z.object({ prefixes: z.array(z.string()), pinned: z.string() }),
    edge,
    topology: z
      .object({
        edge: edge.optional(),
        workloads: z.array(workload).optional(),
        pools: z.array(pool).optional(),
        controlPlane: z.object({ nodes: z.number(), etcdMembers: z.number() }),
      })
      .partial(),
    // Of a trial.
    store: z.string(),
    fault: z.string(),
    rtoDeadlineMs: z.number(),
    members: z.number(),
    failover: z
      .object({
        target: z.string(),
        also: z.array(z.literal('api')),
        fault: z.string(),
        steadyBeforeMs: z.number(),
        holdMs: z.number(),
        rtoDeadlineMs: z.number(),
        membersRejoinedMs: z.number(),
      })
      .partial(),
    application,
    // Of loads and what scales.
    ai,
    steady: z.object({
      requestsPerSecond: z.number(),
      seconds: z.number(),
      maxUsers: z.number().optional(),
      scenario: z.string().optional(),
    }),
    startup: z.object({ pods: z.number(), readinessDelaySeconds: z.number().optional() }),
    teeth: z.number(),
    scaleUpMs: z.number(),
    /** Whole objectives if budgets are judged; names if only their rules are looked for. */
    objectives: z.union([z.array(objectiveSchema), z.array(z.string())]),
    prometheus: z.object({ scrapeSeconds: z.number() }),
    scrapeSeconds: z.number(),
    // Of telemetry and devices.
    telemetry,
    canary: telemetry.shape.canary.unwrap(),
    everyWorkload: z.object({ waitMs: z.number() }).partial(),
    gpu,
    lingersSeconds: z.number(),
    restart: z.boolean(),
    jobs: z.object({ doneWithinMs: z.number() }).partial(),
    query: z.object({ askAfterMs: z.number() }).partial(),
  })
  .partial();

export type HeaderSettings = z.infer<typeof settingsSchema>;

/** Every value that a declaration allows. */
export function allowedValues(declared: string | readonly string[]): readonly string[] {
  return typeof declared === 'string' ? [declared] : declared;
}
