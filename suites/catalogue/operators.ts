/** Objects of operators that checks read where an environment declares them, and whether a real product has answered so far. */
import type { Environment } from '../../env/schema.ts';
import { ROLLOUT, SCALED_OBJECT } from '../../probes/kubernetes/workloads.ts';
import { lists } from '../../probes/kubernetes/access/rights.ts';
import type { Right } from '../../probes/kubernetes/access/rights.ts';
import type { CatalogueRow } from './types.ts';

type Reading = Pick<CatalogueRow, 'touches' | 'parts' | 'id'>;

interface Operator {
  label: string;
  /** The product and version that has answered, or null. */
  metWith: string | null;
  /** What in an environment file declares it. */
  declaredBy: string;
  isDeclared: (environment: Environment) => boolean;
  /** Whether a check reads it where it is declared. */
  isRead: (row: Reading) => boolean;
  /** What reading it is for, and its rights; none: it needs no more than the check itself. */
  what: string;
  rights: readonly Right[];
}

/** Right to read the ResourceClaims of pods, wherever they run. */
const CLAIMS: Right = {
  verbs: ['get'],
  group: 'resource.k8s.io',
  resource: 'resourceclaims',
  where: 'everywhere',
};

/** By its own lists, or by those of the runner for it. */
const listsDeployments = ({ touches: { lists: kinds = [], runner = [] } }: Reading): boolean =>
  kinds.includes('apps/v1/Deployment') ||
  runner.some((method) => method === 'state.note' || method === 'load.start');
const isOfDevices = ({ parts }: Reading): boolean => parts.includes('gpu');
const followsAutoscaler = ({ touches }: Reading): boolean =>
  touches.lists?.includes('autoscaling/v2/HorizontalPodAutoscaler') === true &&
  touches.runner?.includes('load.start') === true;

export const OPERATORS: readonly Operator[] = [
  {
    label: 'Argo Rollouts',
    metWith: null,
    declaredBy: 'topology.workloads with kind: Rollout',
    isDeclared: ({ topology }) => topology.workloads.some(({ kind }) => kind === 'Rollout'),
    isRead: listsDeployments,
    what: 'the Rollouts (Argo Rollouts) among topology.workloads, as Deployments are read',
    rights: lists(ROLLOUT),
  },
  {
    label: 'KEDA',
    metWith: null,
    declaredBy: 'scaledObject of topology.edge.backend.scaling or ai.scaling',
    isDeclared: ({ topology, ai }) =>
      [topology.edge?.backend?.scaling, ai?.scaling].some((one) => one?.scaledObject !== undefined),
    isRead: followsAutoscaler,
    what: 'the ScaledObject (KEDA) that makes an autoscaler: whether it is paused, and how it goes from and to no pods',
    rights: lists(SCALED_OBJECT),
  },
  {
    label: 'devices through ResourceClaims',
    metWith: null,
    declaredBy: 'gpu.claims',
    isDeclared: ({ gpu }) => gpu?.claims !== undefined,
    isRead: isOfDevices,
    what: 'the ResourceClaims of pods on the pool of gpu.claims',
    rights: [CLAIMS],
  },
];

/** Those that a check reads in an environment. */
export function operatorsOf(environment: Environment, row: Reading): readonly Operator[] {
  return OPERATORS.filter(({ isDeclared, isRead }) => isDeclared(environment) && isRead(row));
}
