/** Jobs for the AI service while it is hit. */
import { ai, contract, together, wholeTopology } from '../../catalogue/reads.ts';
import { jobs } from '../../catalogue/requirements.ts';
import { DEPLOYMENT_TRIAL, ROLLOUT_TRIAL } from '../_trial/touches.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow, Time } from '../../catalogue/types.ts';

const aiTime: Time = {
  waits: [
    'steadyState',
    'steadyState',
    'podReady',
    'faultLanding',
    'clientLoadStop',
    'nodeReady',
    'membersRejoined',
    'membersRejoined',
    'jobsDone',
    'readBack',
    'readBack',
    'settle',
    'settle',
  ],
  usualMs: 70_000,
};

const GOAL = 'no accepted job lost; each takes effect once and is done by the model';
const GOALS = { lostJobs: 0, doubledJobs: 0, degradedJobs: 0, windowSeconds: 60 };
/** Jobs in flight in one pod. After a freeze it may give up on the model for all of them. */
const IN_FLIGHT = 8;

/** Fields in which these checks differ from each other. */
type Own = Pick<CatalogueRow, 'order' | 'title' | 'injects' | 'writesTemplate'> &
  Partial<Pick<CatalogueRow, 'goal' | 'goals'>>;

function aiRow(fault: string, what: string, own: Own): CatalogueRow {
  return row({
    id: `failover/ai/${fault}`,
    observe: async () => {
      const { observe } = await import('./observe.ts');
      return (ctx) => observe(ctx, fault);
    },
    touches: own.writesTemplate === true ? ROLLOUT_TRIAL : DEPLOYMENT_TRIAL,
    section: '5.1',
    access: 'F - F F p',
    does: `things created through the edge, each a job for the AI service, while ${what}; every accepted one is followed to its end, and what the job left in Elasticsearch and Neo4j is counted`,
    goal: GOAL,
    goals: GOALS,
    parts: ['ai'],
    requires: jobs,
    reads: together(wholeTopology, ai, contract),
    time: aiTime,
    ...own,
  });
}

export const checks: readonly CatalogueRow[] = [
  aiRow('pod-crash', 'every process of one of its pods is killed', {
    order: 560,
    title: 'AI service: a pod crashes',
    injects: { fault: 'pod-crash' },
  }),
  aiRow('pod-delete', 'one of its pods is deleted without grace', {
    order: 570,
    title: 'AI service: a pod is deleted without grace',
    injects: { fault: 'pod-delete' },
  }),
  aiRow('hang', 'one of its pods is frozen and later resumed', {
    order: 580,
    title: 'AI service: a pod is frozen',
    injects: { fault: 'hang' },
    goal: `${GOAL}, except for at most ${IN_FLIGHT} that the frozen pod may have had in flight`,
    goals: { ...GOALS, degradedJobs: IN_FLIGHT },
  }),
  aiRow('node-loss', 'the node of one of its pods is lost', {
    order: 590,
    title: 'AI service: its node is lost',
    injects: { fault: 'node-loss' },
  }),
  aiRow('rolling-restart', 'all of its pods are replaced', {
    order: 600,
    title: 'AI service: a rolling restart',
    injects: {},
    writesTemplate: true,
  }),
];
