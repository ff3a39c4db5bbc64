/** Devices that pods hold through claims: Dynamic Resource Allocation, resource.k8s.io. */
import { z } from 'zod';
import { parseJson } from '../../host/json.ts';

/** Versions of the API in which a claim has the result of its allocation where it is read here, the newest first. */
export const CLAIM_VERSIONS = ['v1', 'v1beta2', 'v1beta1'] as const;

const result = z.object({
  driver: z.string(),
  pool: z.string(),
  device: z.string(),
  /** For supervision: beside those who use it. */
  adminAccess: z.boolean().optional(),
  /** Several claims may have a share of the device (KEP-5075). */
  shareID: z.string().optional(),
  consumedCapacity: z.record(z.string(), z.unknown()).optional(),
});
const claim = z.object({
  metadata: z.object({ name: z.string() }),
  status: z
    .object({
      allocation: z
        .object({ devices: z.object({ results: z.array(result).default([]) }).optional() })
        .optional(),
    })
    .optional(),
});

/** A device that a claim was allocated. */
export interface Allocated {
  driver: string;
  /** `driver/pool/device`, which names it in the whole cluster. */
  device: string;
  /** Others may be allocated it as well, by its own allocation. */
  shared: boolean;
}

/** What a claim was allocated; null: the answer is none of a claim, or it has no allocation of devices. */
export function allocatedIn(body: string): Allocated[] | null {
  const found = claim.safeParse(parseJson(body));
  const results = found.success ? found.data.status?.allocation?.devices?.results : undefined;
  return (
    results?.map(({ driver, pool, device, adminAccess, shareID, consumedCapacity }) => ({
      driver,
      device: `${driver}/${pool}/${device}`,
      shared: adminAccess === true || shareID !== undefined || consumedCapacity !== undefined,
    })) ?? null
  );
}

const podClaim = z.object({ name: z.string(), resourceClaimName: z.string().optional() });

/** Claims of a pod, by what its spec and its status say. */
export const claimsOfPod = {
  spec: z.array(podClaim).optional(),
  /** Names of claims that were made from templates; null: none was needed. */
  status: z.array(z.object({ name: z.string(), resourceClaimName: z.string().nullish() })).optional(),
  /** The claim that stands for extended resources that are given through one (KEP-5004). */
  extended: z.object({ resourceClaimName: z.string() }).nullish(),
};

type Said<Part extends keyof typeof claimsOfPod> = z.infer<(typeof claimsOfPod)[Part]>;

/** Names of the ResourceClaims of a pod; null for one that was not made yet. */
export function claimNames(
  spec: Said<'spec'> = [],
  { status = [], extended }: { status?: Said<'status'>; extended?: Said<'extended'> } = {},
): (string | null)[] {
  const named = spec.map(
    ({ name, resourceClaimName }) =>
      resourceClaimName ?? status.find((one) => one.name === name)?.resourceClaimName ?? null,
  );
  return extended ? [...named, extended.resourceClaimName] : named;
}
