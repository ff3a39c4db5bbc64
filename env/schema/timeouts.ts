/** One wait with its length and the reason for it. */
export interface Timeout {
  seconds: number;
  reason: string;
}

/**
 * Every wait of Plumbline has a name. An environment file may override any of these; a wait without a row here does
 * not exist. Lengths are for two busy cores unless the reason says otherwise.
 */
export const DEFAULT_TIMEOUTS = {
  alertArrival: {
    seconds: 120,
    reason:
      'twice the goal: the breach is scraped, the rule is evaluated, and Prometheus notifies Alertmanager',
  },
  alertGone: {
    seconds: 300,
    reason: 'a minute more than the goal: after the breach its alert resolves with the next evaluations',
  },
  apiRequest: { seconds: 10, reason: 'one answer of the API server; a healthy one takes milliseconds' },
  apiServerDown: { seconds: 45, reason: 'kubelet notices a missing static pod manifest within 20 s' },
  apiServerUp: {
    seconds: 120,
    reason: 'kubelet sync 20 s, then the API server needs some 15 s to become ready',
  },
  canariesRemoved: {
    seconds: 120,
    reason: 'what canaries created is removed four at a time, thousands of them after a run of all suites',
  },
  connect: { seconds: 3, reason: 'TCP and TLS handshake inside one data centre, with two retransmissions' },
  deviceBack: {
    seconds: 120,
    reason: 'four times the goal of 30 s for a device to be free again; later counts as never',
  },
  edgeRequest: { seconds: 10, reason: 'one request through load balancer, Ingress, gateway and service' },
  faultHold: {
    seconds: 30,
    reason:
      'a lasting fault stays in force at least this long: longer than the slowest detection (Patroni ttl 20 s, net_ticktime 20 s)',
  },
  faultLanding: {
    seconds: 15,
    reason: 'time for the cause itself (a process gone), not for any reaction to it',
  },
  gpuAnswer: {
    seconds: 60,
    reason:
      'the first nvidia-smi on a node without persistence mode initialises each of its devices, which takes seconds for each; gpu.workload may do more',
  },
  gpuMetrics: {
    seconds: 60,
    reason: 'four scrapes of 15 s, of which one may fall into the start of a pod',
  },
  jobsDone: {
    seconds: 240,
    reason:
      'a lost consumer keeps its jobs until two heartbeats are missed (RabbitMQ: 60 s each), then others work off the backlog',
  },
  llmAnswer: {
    seconds: 20,
    reason: 'one draft through the edge while the model is silent: the service gives up earlier than this',
  },
  loadStop: { seconds: 45, reason: 'running iterations end within their gracefulStop (k6: 30 s by default)' },
  loginRefused: {
    seconds: 20,
    reason:
      'before a fault: a server that has just started may refuse every login until it has loaded its accounts (Elasticsearch, until its index of users is allocated); a login that is refused for longer is not mended by waiting',
  },
  membersRejoined: { seconds: 240, reason: 'crash-loop back-off, restart and catching up of a member' },
  nodeReady: { seconds: 120, reason: 'a started node to Ready, measured at 45 s' },
  nodePower: {
    seconds: 60,
    reason: 'a management controller or a cloud switches the power of a machine within this',
  },
  platformReady: {
    seconds: 900,
    reason:
      'with nothing built, the embedded environment builds the programs and images of its platform after its cluster is up, in some 3 min',
  },
  podGone: { seconds: 60, reason: 'termination grace of 30 s, then removal' },
  podReady: { seconds: 120, reason: 'image pull and start on a busy node' },
  podStart: {
    seconds: 10,
    reason: 'one start of many as slow as its goal allows (5 s), and the removal of the pod',
  },
  podToPod: { seconds: 5, reason: 'one TCP request between pods, with one retransmission' },
  prometheusFirst: {
    seconds: 75,
    reason:
      'a group of rules is evaluated, and a target scraped, within one interval of being loaded (default of both: 1 min)',
  },
  prometheusPart: {
    seconds: 1,
    reason: 'one query of an error budget, as the mean of some dozens, of which few look at the whole window',
  },
  prometheusQuery: {
    seconds: 30,
    reason: 'one query over a long window; Prometheus itself gives up after 2 min',
  },
  readBack: {
    seconds: 180,
    reason: 'reading every write of a trial twice from the leader and once from each member',
  },
  restoreDeadline: { seconds: 600, reason: 'after this the timers undo what was done, with no harness left' },
  rtoDeadline: {
    seconds: 180,
    reason: 'several times the largest goal; a store that is not back by then counts as never back',
  },
  scaleDown: {
    seconds: 480,
    reason: "the controller's default stabilisation window of 300 s, and twice what the goal adds to it",
  },
  scaleUp: {
    seconds: 270,
    reason: 'the goals for the decision, for ready pods and for latency, one after the other',
  },
  settle: { seconds: 60, reason: 'time for the platform to be as declared again after a disturbance' },
  steadyState: { seconds: 90, reason: 'all members streaming and the last fault forgotten' },
  stillPending: {
    seconds: 5,
    reason: 'the scheduler tries a pod that does not fit again within a second of any change that may help',
  },
  storeOperation: { seconds: 5, reason: "the client's own deadline: a frozen server never answers" },
  storeSettings: {
    seconds: 20,
    reason:
      'reading the settings from a server that may be cold and busy with other queries (Neo4j took more than 5 s)',
  },
  switchover: {
    seconds: 45,
    reason:
      'a planned change of leader, as long as the store itself waits for it (Patroni: its ttl, at most twice)',
  },
  telemetryLate: {
    seconds: 30,
    reason: 'telemetry that is missing at its deadline may still come: this wait separates late from lost',
  },
  telemetryQuery: {
    seconds: 10,
    reason: 'one search of logs or traces, bounded by time and marker; one takes milliseconds',
  },
  telemetrySend: {
    seconds: 5,
    reason:
      "the run's own trace and metrics, after its verdict is known: a collector that is slow must not hold the run",
  },
  unschedulable: {
    seconds: 20,
    reason: 'the scheduler says within a second or two why a pod fits nowhere; its event may come later',
  },
  volumeBound: { seconds: 60, reason: 'a provisioner creates the volume once a pod is scheduled' },
  clientLoadStop: { seconds: 30, reason: 'operations in flight run into their own deadline, storeOperation' },
} as const satisfies Record<string, Timeout>;

export type TimeoutName = keyof typeof DEFAULT_TIMEOUTS;
export const TIMEOUT_NAMES = Object.keys(DEFAULT_TIMEOUTS) as [TimeoutName, ...TimeoutName[]];
