/** Classes of storage in use, and what is behind them. */
import { below, beside, commentedOut, open } from '../../probes/drafting.ts';
import type { Draft } from '../../probes/drafting.ts';
import { VOLUME_KINDS, volumeKind } from '../../probes/kubernetes/volume-kinds.ts';
import type { Listing } from './listing.ts';
import type { SeenWorkload } from './seen.ts';

/** Where nothing is claimed. */
const NOTHING = commentedOut(
  [
    open(
      'no claim of a class of storage was seen in these namespaces: kubectl get persistentvolumeclaims -A',
    ),
  ],
  { className: beside('standard', 'a guess'), kinds: beside(['csi'], 'a guess') },
);

export interface FoundStorage {
  /** The class of most claims; undefined where nothing is claimed. */
  className: string | undefined;
  draft: Draft;
}

/** Classes of the claims that a StatefulSet made from its templates; an empty text for a claim without one. */
export function classesOf({ objects }: Listing, { set, object }: SeenWorkload): string[] {
  const templates = (object.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
  const prefixes = new Set(templates.map((template) => `${template}-${set.name}-`));
  const own = objects['v1/PersistentVolumeClaim'].filter(
    ({ metadata }) => metadata.namespace === set.namespace && prefixes.has(metadata.name.replace(/\d+$/, '')),
  );
  return [...new Set(own.map(({ spec }) => spec.storageClassName ?? ''))].sort();
}

/** `topology.storage`, from the claims of these namespaces. */
export function storageIn({ objects }: Listing, namespaces: readonly string[]): FoundStorage {
  const volumes = new Map(objects['v1/PersistentVolume'].map((one) => [one.metadata.name, one]));
  const claims = objects['v1/PersistentVolumeClaim'].filter(
    ({ metadata, spec }) =>
      namespaces.includes(metadata.namespace ?? '') && (spec.storageClassName ?? '') !== '',
  );
  const byClass = Map.groupBy(claims, ({ spec }) => spec.storageClassName ?? '');
  const classes = [...byClass].toSorted(
    ([a, one], [b, other]) => other.length - one.length || a.localeCompare(b),
  );
  const [most, ...others] = classes;
  if (most === undefined) return { className: undefined, draft: NOTHING };
  const [className, own] = most;
  const kinds = new Set(
    own.flatMap(({ spec }) => {
      const volume = volumes.get(spec.volumeName ?? '');
      const kind = volume === undefined ? '' : volumeKind(volume);
      return VOLUME_KINDS.filter((one) => one === kind);
    }),
  );
  const lines = others.map(
    ([name, more]) =>
      `${more.length} claims are of class ${name}: a store of it says so with storageClass, other workloads cannot yet`,
  );
  if (kinds.has('hostPath'))
    lines.push(open('does a folder of a node outlive what it must? Else take hostPath out.'));
  const draft = { className, kinds: [...kinds].sort() };
  if (kinds.size > 0) return { className, draft: lines.length === 0 ? draft : below(lines, draft) };
  const allowed = VOLUME_KINDS.join(', ');
  return {
    className,
    draft: commentedOut(
      [
        open(`what is behind its volumes was not seen (${allowed}): kubectl get persistentvolumes -o yaml`),
        ...lines,
      ],
      { className, kinds: beside(['csi'], 'a guess') },
    ),
  };
}
