/** Requests through the edge while the backend is hit. */
import { contract, together, wholeTopology } from '../../catalogue/reads.ts';
import { backend } from '../../catalogue/requirements.ts';
import { DEPLOYMENT_TRIAL, ROLLOUT_TRIAL } from '../_trial/touches.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow, Time } from '../../catalogue/types.ts';

const backendTime: Time = {
  waits: [
    'steadyState',
    'podReady',
    'faultLanding',
    'clientLoadStop',
    'nodeReady',
    'membersRejoined',
    'settle',
    'settle',
    'settle',
  ],
  usualMs: 60_000,
};

const GOALS = { failedRatio: 0.001, windowSeconds: 120 };
const AT_ONCE = {
  goal: 'at most 0.1 % of the requests through the edge fail in the 2 minutes after the fault',
  goals: GOALS,
};

/** Fields in which these checks differ from each other. */
type Own = Pick<CatalogueRow, 'order' | 'title' | 'goal' | 'goals' | 'injects' | 'writesTemplate'>;

function backendRow(fault: string, own: Own): CatalogueRow {
  return row({
    id: `failover/backend/${fault}`,
    observe: async () => {
      const { observe } = await import('./observe.ts');
      return (ctx) => observe(ctx, fault);
    },
    touches: own.writesTemplate === true ? ROLLOUT_TRIAL : DEPLOYMENT_TRIAL,
    section: '5.1',
    access: 'F - F F p',
    requires: backend,
    reads: together(wholeTopology, contract),
    time: backendTime,
    ...own,
  });
}

export const checks: readonly CatalogueRow[] = [
  backendRow('pod-crash', {
    order: 530,
    title: 'Backend: a pod crashes',
    ...AT_ONCE,
    injects: { fault: 'pod-crash' },
  }),
  backendRow('rolling-restart', {
    order: 540,
    title: 'Backend: a rolling restart',
    ...AT_ONCE,
    injects: {},
    writesTemplate: true,
  }),
  backendRow('node-loss', {
    order: 550,
    title: 'Backend: its node is lost',
    goal: 'requests through the edge may fail until the loss of the node is detected; after that at most 0.1 % fail in the rest of the 2 minutes',
    // Node lease of 40 s (Kubernetes' node-monitor-grace-period is 50 s by default), then every node's proxy learns of it.
    goals: { ...GOALS, detectionSeconds: 60 },
    injects: { fault: 'node-loss' },
  }),
];
