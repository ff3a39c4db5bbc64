/** What a check does to see what it judges, in a sentence for `plumbline explain`; of checks that are not here their title and goal say it. */

const LOOKS_AT: Readonly<Record<string, string>> = {
  'telemetry/logs/canary':
    "numbered lines of a pod on every Ready node: what arrives in the store of logs, held against the nodes' own files",
  'telemetry/logs/every-workload':
    'the last 20 lines of each container of every declared workload (5 pods of each at most), looked for in the store of logs; it writes nothing',
  'telemetry/logs/under-fault':
    "numbered lines of a pod on every node, and lines of marked requests, while PostgreSQL's leader is hurt (canary.fault, a pod-crash by default), held against the nodes' own files",
  'telemetry/traces/canary':
    'a few marked requests through the edge (canary.few), each followed to its trace: services, parents and declared spans',
  'telemetry/traces/complete':
    'many marked requests through the edge (canary.requests), each followed to its trace: services, parents and declared spans',
  'telemetry/traces/under-fault':
    "marked requests through the edge while PostgreSQL's leader is hurt (canary.fault, a pod-crash by default); those that were accepted are followed to their traces",
  'telemetry/correlation':
    "the log lines of a few marked requests (canary.few) in the store, held against the nodes' own files",
  'telemetry/metrics/targets': "Prometheus' targets of the jobs in telemetry.required.targets",
  'telemetry/metrics/series': 'what Prometheus finds for the selectors in telemetry.required.series',
  'telemetry/metrics/freshness':
    'the samples of the selectors in telemetry.required.series, and how old the last is',
  'telemetry/alerts/rules':
    'the groups of rules that Prometheus has loaded, and the Alertmanagers that it knows; it writes nothing',
  'telemetry/alerts/fires':
    "a pod whose metric breaches the canary's rule, until Alertmanager has the alert; that it ends with the pod is noted, and decides nothing",
  'telemetry/dashboards':
    'the health of Grafana, its data sources and Kibana, and the declared dashboards in a browser that has no account',
  'gpu/allocatable':
    'what every node says that it offers, and the pods of the device plugin; it writes nothing',
  'gpu/schedule':
    'a pod that asks for a device and may go anywhere; where gpu.workload is declared, its answer in that pod; where declared workloads with devices run',
  'gpu/taint':
    'pods without the toleration, one aimed at each node of the pool and one that asks for a device, and who else runs there',
  'gpu/exclusive':
    'pods that hold devices at the same time, and which device each was told of; where it may only read, what Prometheus says of holders',
  'gpu/exhausted': 'pods that take every free device, and what the scheduler says of one more',
  'gpu/release':
    'every device taken, one of its holders deleted, and the time until the pod that waits has it; in the embedded environment also the restart of a node of the pool',
  'gpu/metrics': 'a pod that holds a device, and what Prometheus knows of every device of the pool',
  'scaling/ai/up':
    "tenders through the edge while the model's stand-in is slow (ai.scaling), and the autoscaler of the AI service, its metric and its pods meanwhile; afterwards queue, model and pods are as before",
  'failover/ai/pod-crash': aiUnder('every process of one of its pods is killed'),
  'failover/ai/pod-delete': aiUnder('one of its pods is deleted without grace'),
  'failover/ai/hang': aiUnder('one of its pods is frozen, and let go on later'),
  'failover/ai/node-loss': aiUnder('the node of one of its pods is lost'),
  'failover/ai/rolling-restart': aiUnder('all of its pods are replaced'),
  'performance/ai/latency': aiLoad('how long they take'),
  'performance/ai/availability': aiLoad('how many are answered well; a degraded draft is not'),
  'performance/ai/throughput': aiLoad('how many a second are answered well'),
  'integrations/llm':
    "five drafts through the edge as usual, one while the model's stand-in answers 429, 500 or not at all",
  'integrations/llm-token':
    'the logs of every container of platform and edge, as far back as kubelet keeps them',
};

function aiUnder(what: string): string {
  return `tenders through the edge, each a job for the AI service, while ${what}; every accepted one is followed to its end, and what it left in Elasticsearch and Neo4j is counted`;
}

function aiLoad(what: string): string {
  return `drafts through the edge at one rate (ai.load), each of which asks the model: ${what}`;
}

/** The sentence of a check, or null. */
export function looksAt(check: string): string | null {
  return LOOKS_AT[check] ?? null;
}

/** Ids that have a sentence, so that none can be left behind when its check goes. */
export function lookedAt(): string[] {
  return Object.keys(LOOKS_AT);
}
