/** Judges of the GPU suite: pure functions from a history to a judgement, by check id. */
import type { HistoryHeader } from '../../record/history.ts';
import type { Annotations } from '../annotations.ts';
import type { CheckJudge } from '../definition.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { nameOf } from '../topology/declared.ts';
import { judgeExclusive, judgeExhausted, judgeSchedule } from './giving.ts';
import { judgeMetrics } from './metrics.ts';
import { judgeAllocatable, judgeTaint } from './offers.ts';
import { declaredGpu, declaredPool, mayWrite } from './pool.ts';
import { judgeRelease } from './release.ts';

/** As many nodes of the pool as are declared at least. */
const nodes = (header: HistoryHeader): AnyNeed =>
  need('gpu-node', {
    count: declaredPool(header).count.min,
    where: ({ pool }) => pool,
    what: 'nodes of the pool',
  });

/** And what their pods asked for, so many times. */
const requests = (header: HistoryHeader, looks: number): AnyNeed =>
  need('gpu-requested', { count: declaredPool(header).count.min * looks, what: 'requests of nodes' });

const onlyWhere = (condition: boolean, ...needs: AnyNeed[]): AnyNeed[] => (condition ? needs : []);

function ofAllocatable(header: HistoryHeader): AnyNeed[] {
  const { plugin } = declaredGpu(header);
  return [nodes(header), ...onlyWhere(plugin !== undefined, need('gpu-plugin'))];
}

function ofSchedule(header: HistoryHeader): AnyNeed[] {
  const { workload } = declaredGpu(header);
  const declared = (header.settings.workloads ?? []).filter(({ gpu }) => gpu !== undefined);
  const writes = mayWrite(header);
  return [
    nodes(header),
    requests(header, writes ? 2 : 1),
    ...onlyWhere(writes, need('gpu-pod', { subjects: ['gpu-lands'], of: ({ pod }) => pod })),
    ...onlyWhere(
      // Where nothing may be started it is all that there is to see.
      declared.length > 0 || !writes,
      need('gpu-placed', {
        subjects: declared.map(nameOf),
        of: (seen) => seen.workload,
        count: Math.max(1, declared.length),
      }),
    ),
    ...onlyWhere(writes && workload !== undefined, need('gpu-answer')),
  ];
}

function ofTaint(header: HistoryHeader): AnyNeed[] {
  const { min } = declaredPool(header).count;
  return [
    nodes(header),
    requests(header, 1),
    need('gpu-tenants', { count: min }),
    ...onlyWhere(
      mayWrite(header),
      need('gpu-refused', { subjects: ['stranger', 'stranger that asks'], of: ({ role }) => role }),
    ),
  ];
}

function ofExclusive(header: HistoryHeader): AnyNeed[] {
  const { devicesPerNode } = declaredGpu(header);
  const writes = mayWrite(header);
  const pods = Math.min(2, devicesPerNode * declaredPool(header).count.min);
  return [
    nodes(header),
    requests(header, writes ? 2 : 1),
    writes ? need('gpu-pod', { count: pods }) : need('gpu-series'),
  ];
}

const ofExhausted = (header: HistoryHeader): AnyNeed[] => [
  nodes(header),
  requests(header, 2),
  need('gpu-refused', { subjects: ['one too many'], of: ({ role }) => role }),
];

function ofRelease(header: HistoryHeader): AnyNeed[] {
  const { embedded, restart } = header.settings;
  const restarts = embedded !== undefined && restart !== false;
  return [
    nodes(header),
    requests(header, 2),
    need('gpu-pod'),
    need('gpu-waits'),
    need('gpu-back', {
      subjects: restarts ? ['deletion', 'restart'] : ['deletion'],
      of: ({ what }) => what,
    }),
  ];
}

const ofMetrics = (header: HistoryHeader): AnyNeed[] => [
  nodes(header),
  requests(header, 2),
  need('gpu-series'),
];

const HOLDERS: Annotations = {
  'gpu-pod.pod':
    'which of the pods of a node has which device is chance; each is held against what those of its node ask for',
  'gpu-pod.devices[]':
    'which device a pod has is chance; that it has as many as it asks for, and none of another, is judged',
};

export const GPU_JUDGES: Readonly<Record<string, CheckJudge>> = {
  'gpu/allocatable': { judge: judgeAllocatable, evidence: ofAllocatable, annotations: {} },
  'gpu/schedule': { judge: judgeSchedule, evidence: ofSchedule, annotations: {} },
  'gpu/taint': {
    judge: judgeTaint,
    evidence: ofTaint,
    annotations: {
      'gpu-tenants.tenants[].pod':
        'names a pod for people; nobody declares which of those that tolerate the taints run there, and that each does is judged',
    },
  },
  'gpu/exclusive': { judge: judgeExclusive, evidence: ofExclusive, annotations: HOLDERS },
  'gpu/exhausted': { judge: judgeExhausted, evidence: ofExhausted, annotations: HOLDERS },
  'gpu/release': { judge: judgeRelease, evidence: ofRelease, annotations: HOLDERS },
  'gpu/metrics': {
    judge: judgeMetrics,
    evidence: ofMetrics,
    annotations: {
      'gpu-series.samples[].value':
        'how busy a device is: only that it is a number from 0 to the maximum is claimed',
    },
  },
};
