import { allocatedIn, CLAIM_VERSIONS } from '../../../probes/gpu/index.ts';
import type { Allocated, NodePod } from '../../../probes/gpu/index.ts';
import type { CheckSettings } from '../../catalogue/check-settings.ts';
import type { CheckContext } from '../../harness/context.ts';

type Claims = NonNullable<CheckSettings['gpu']>['claims'];

/** What became of reading a claim. */
type Read = { allocated: Allocated[] } | { allocated: null; why: string };

/** Records the ResourceClaims of the pods on a node, with their devices of the declared driver; claims of other devices are left out. */
export async function recordClaims(ctx: CheckContext, node: string, pods: readonly NodePod[]): Promise<void> {
  for (const { name: pod, claims } of pods)
    for (const claim of claims) await recordClaim(ctx, { claim, pod, node });
}

const declaredBy = ({ settings }: Pick<CheckContext, 'settings'>): Claims => settings.gpu?.claims;

async function recordClaim(
  ctx: CheckContext,
  { claim, pod, node }: { claim: string | null; pod: string; node: string },
): Promise<void> {
  const namespace = pod.slice(0, pod.indexOf('/'));
  const named = `${namespace}/${claim ?? 'not made yet'}`;
  const read = await readClaim(ctx, namespace, claim);
  if (read.allocated === null) {
    ctx.record('gpu-claim', { claim: named, pod, node, devices: null, shared: [], detail: read.why });
    return;
  }
  const driver = declaredBy(ctx)?.driver;
  const own = read.allocated.filter((one) => one.driver === driver);
  if (own.length === 0) return;
  const devices = own.map(({ device }) => device);
  const shared = own.filter((one) => one.shared).map(({ device }) => device);
  ctx.record('gpu-claim', { claim: named, pod, node, devices, shared, detail: '' });
}

async function readClaim(ctx: CheckContext, namespace: string, claim: string | null): Promise<Read> {
  if (declaredBy(ctx) === undefined)
    return { allocated: null, why: 'it is not read where gpu.claims is not declared' };
  if (claim === null) return { allocated: null, why: 'the pod has no ResourceClaim yet' };
  let why = '';
  for (const version of CLAIM_VERSIONS) {
    const { status, body } = await ctx.cluster.raw(
      `/apis/resource.k8s.io/${version}/namespaces/${namespace}/resourceclaims/${claim}`,
    );
    if (status === 200) {
      const allocated = allocatedIn(body);
      return allocated === null ? { allocated, why: 'it has no allocation of devices' } : { allocated };
    }
    why = `the API server answered ${status}${status === 403 ? ': grant get on resourceclaims of resource.k8s.io' : ''}`;
    // Not found: this version of the API may not be served.
    if (status !== 404) break;
  }
  return { allocated: null, why };
}
