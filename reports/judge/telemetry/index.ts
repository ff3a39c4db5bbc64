/** Judges of the telemetry suite: what was sent and written, held against what arrived. */
import type { HistoryHeader } from '../../record/history.ts';
import type { CheckJudge } from '../definition.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { nameOf } from '../topology/declared.ts';
import { judgeFires, judgeRules, objectivesOf } from './alerts.ts';
import { judgeCorrelation } from './correlation.ts';
import { judgeDashboards } from './dashboards.ts';
import { judgeLogs, judgeLogsUnderFault } from './logs.ts';
import { judgeFreshness, judgeSeries, judgeTargets } from './metrics.ts';
import { declaredOf, planOf } from './observed.ts';
import type { Store } from './observed.ts';
import { judgeComplete, judgeTraces, judgeTracesUnderFault } from './traces.ts';
import { judgeWorkloads } from './workloads.ts';

/** Each numbered request that was to be sent. */
function requests(header: HistoryHeader): AnyNeed {
  const { requests: count } = planOf(header);
  return need('marked', {
    subjects: Array.from({ length: count }, (_, index) => String(index + 1)),
    of: ({ n }) => String(n),
    what: 'marked requests',
  });
}

const swept = (store: Store): AnyNeed =>
  need('swept', { where: ({ what }) => what === store, what: `a last look at the store of ${store}` });

/** So many nodes as are declared at least, on each a pod that writes, and what its disk holds. */
function nodes({ settings: { topology } }: HistoryHeader): AnyNeed[] {
  const count = (topology?.pools ?? []).reduce((sum, pool) => sum + pool.count.min, 0);
  return [
    need('canary-node', { count, what: 'nodes' }),
    need('clock-offset', { count: Math.max(1, count), what: 'clocks of nodes' }),
  ];
}

const counted = [need('disks-read', { what: "the logs on the nodes' disks" })];

/** What every trial of a store records of its fault. */
const fault = [
  need('steady', { where: ({ ok }) => ok, what: 'that the store was steady before' }),
  need('budget-estimate', { what: 'what the fault may cost' }),
  need('fault-armed', { what: 'what was hurt' }),
  need('fault-acted', { what: 'what was done to whom' }),
  need('fault-landed', { what: 'a proof of the fault' }),
  need('healed', { what: 'that all members rejoined' }),
];

const FAULT = {
  'as-before.objects': 'how many objects were compared, for people: what differs is judged',
  'fault-armed.members[].node':
    'excuses late lines of a node where a node was lost, and nothing where none was',
};

const TRACE = {
  'trace.spans[][0]':
    'below some spans there is none, so that nothing names them; of the others it is held against the parents of those below',
  'trace.spans[][1]':
    'the parent of the first span is of whoever asked, and within a service any may be above another; that a service is below its caller is judged',
  'trace.spans[][2]':
    'a trace may hold spans of more services than those of the path, and more than one of each',
  'trace.spans[][3]': 'a trace may hold more spans than those that are declared',
};

const NODES = {
  'canary-node.node':
    'which of two nodes is of which pool decides nothing; each is held against its clock, lines and disk',
  'clock-offset.source':
    'of clocks that agree it decides nothing whose is whose; that each was measured, once, is judged',
  'disk.pod': 'writers are told apart by their nodes; the pod of a service is held against its lines',
};

const SHIPPER = {
  shipper:
    'names who brings the lines of a node, where lines are missing; that they are there is seen in the store',
  blind: 'can only take from a pass: what came in that time counts as unseen instead of late',
};

const series = (header: HistoryHeader): AnyNeed[] => [
  need('series-seen', {
    subjects: declaredOf(header).required?.series ?? [],
    of: ({ selector }) => selector,
  }),
  need('clock-offset', { subjects: ['Prometheus'], of: ({ source }) => source }),
];

const traces = (header: HistoryHeader): AnyNeed[] => [requests(header), swept('traces'), need('trace')];

const BLIND = { blind: SHIPPER.blind };

export const TELEMETRY_JUDGES: Readonly<Record<string, CheckJudge>> = {
  'telemetry/logs/canary': {
    judge: judgeLogs,
    evidence: (header) => [...nodes(header), ...counted, swept('logs'), need('line')],
    annotations: { ...SHIPPER, ...NODES },
  },
  'telemetry/logs/every-workload': {
    judge: judgeWorkloads,
    evidence: (header) => [
      need('logging-workload', {
        subjects: (header.settings.workloads ?? []).map(nameOf),
        of: ({ workload }) => workload,
        what: 'workloads',
      }),
      ...nodes(header),
    ],
    annotations: {
      'canary-node.node': NODES['canary-node.node'],
      'clock-offset.source': NODES['clock-offset.source'],
      'recent.container': 'says which it was; each of them is counted',
      'recent.pod': 'says which it was; each of them is counted, and is named after its workload',
      'recent.node': 'says where a container was; that its clock is known is held against the clocks',
    },
  },
  'telemetry/logs/under-fault': {
    judge: judgeLogsUnderFault,
    evidence: (header) => [
      requests(header),
      ...nodes(header),
      ...counted,
      ...fault,
      swept('logs'),
      need('line'),
    ],
    annotations: {
      ...SHIPPER,
      ...NODES,
      ...FAULT,
    },
    trial: true,
  },
  'telemetry/traces/canary': {
    judge: judgeTraces,
    evidence: traces,
    annotations: { ...BLIND, ...TRACE },
  },
  'telemetry/traces/complete': {
    judge: judgeComplete,
    evidence: traces,
    annotations: { ...BLIND, ...TRACE },
  },
  'telemetry/traces/under-fault': {
    judge: judgeTracesUnderFault,
    evidence: (header) => [...traces(header), ...fault],
    annotations: { ...BLIND, ...TRACE, ...FAULT },
    trial: true,
  },
  'telemetry/correlation': {
    judge: judgeCorrelation,
    evidence: (header) => [requests(header), swept('logs'), need('request-line')],
    annotations: { ...BLIND, 'request-line.pod': 'shown beside the way of a request' },
  },
  'telemetry/metrics/targets': {
    judge: judgeTargets,
    evidence: (header) => [
      need('scrape-job', { subjects: declaredOf(header).required?.targets ?? [], of: ({ job }) => job }),
    ],
    annotations: { 'scrape-target.url': 'says where a target is that is down' },
  },
  'telemetry/metrics/series': { judge: judgeSeries, evidence: series, annotations: {} },
  'telemetry/metrics/freshness': { judge: judgeFreshness, evidence: series, annotations: {} },
  'telemetry/alerts/rules': {
    judge: judgeRules,
    evidence: (header) => {
      const { prefix } = declaredOf(header).alerts?.ruleGroups ?? { prefix: '' };
      const subjects = objectivesOf({ header }).map((name) => `${prefix}${name}`);
      return [
        need('alertmanagers'),
        need('rule-group', { subjects, of: ({ group }) => group, absent: 'fail', what: 'group of rules' }),
      ];
    },
    annotations: {},
  },
  'telemetry/alerts/fires': {
    judge: judgeFires,
    evidence: () => [need('breach', { what: 'a breach' })],
    annotations: {},
  },
  'telemetry/dashboards': {
    judge: judgeDashboards,
    evidence: (header) => {
      const { dashboards } = declaredOf(header);
      const servers = dashboards === undefined ? [] : ['Grafana'];
      if (dashboards?.kibana !== undefined) servers.push('Kibana');
      return [
        need('dashboard-server', { subjects: servers, of: ({ server }) => server }),
        need('data-sources', { what: 'the list of data sources' }),
      ];
    },
    annotations: {
      'rendered.panels':
        'panels may repeat, so that more than declared prove nothing; fewer are held against those declared',
    },
  },
};
