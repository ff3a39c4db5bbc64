/** Finds the scrape target of a series by its labels. */
import type { Series } from '../../../record/objective.ts';

type Labels = Series['labels'];

export interface TargetFinder {
  /** The series of `up` of the target that a series was scraped from; undefined where the labels do not identify one. */
  upOf: (labels: Labels) => Series | undefined;
  /** Tells the target of a series from all others; where it is unknown, by the labels that targets have. */
  keyOf: (labels: Labels) => string;
  /** Why no target was found for a series. */
  whyNone: (labels: Labels) => string;
}

/** Labels that are different for each target: the first that a series has in common with one decides. Some targets write an `instance` of their own. */
const IDENTITY = ['instance', 'pod'] as const;

/**
 * A series has all labels of its target, save where the target writes such a label itself and is believed (`honorLabels`, such as `service` and
 * `namespace` of a gateway), or where a label was dropped (`metricRelabelings`). Then its job and address decide, or its pod where the address is
 * that of no target.
 * @param ups the answer to `up{job="…"}`
 */
export function targetFinder(ups: readonly Series[]): TargetFinder {
  const names = labelNames(ups);
  const keyOf = (labels: Labels): string => JSON.stringify(names.map((name) => labels[name] ?? ''));
  const exact = new Map(ups.map((one) => [keyOf(one.labels), one]));
  const alike = new Map(
    IDENTITY.map((name) => [name, Map.groupBy(ups, ({ labels }) => addressOf(labels, name))]),
  );
  const nearest = (labels: Labels): Nearest => {
    const own = IDENTITY.filter((name) => labels[name] !== undefined);
    const found = own.map((by) => ({ by, ups: alike.get(by)?.get(addressOf(labels, by)) ?? [] }));
    const { by, ups: at } = found.find((one) => one.ups.length > 0) ?? { by: own[0], ups: [] };
    return { by, ups: closestTo(labels, at) };
  };
  const upOf = (labels: Labels): Series | undefined => {
    const found = exact.get(keyOf(labels));
    if (found !== undefined) return found;
    const { ups: near } = nearest(labels);
    return near.length === 1 ? near[0] : undefined;
  };
  return {
    upOf,
    keyOf: (labels) => keyOf(upOf(labels)?.labels ?? labels),
    whyNone: (labels) => whyNone(labels, nearest(labels)),
  };
}

/** Names of the labels by which a source tells its targets apart. */
export function labelNames(ups: readonly Series[]): string[] {
  const names = new Set(ups.flatMap(({ labels }) => Object.keys(labels)));
  names.delete('__name__');
  return [...names].sort();
}

/** The targets that a series may be of, and the label that says so; undefined: it has none of these labels. */
interface Nearest {
  by: (typeof IDENTITY)[number] | undefined;
  ups: readonly Series[];
}

const addressOf = (labels: Labels, name: string): string => JSON.stringify([labels['job'], labels[name]]);

/** Those of which the series has the most labels, and does not have the fewest. */
function closestTo(labels: Labels, ups: readonly Series[]): readonly Series[] {
  const rated = ups.map((up) => {
    const own = Object.entries(up.labels).filter(([name]) => name !== '__name__');
    const shared = own.filter(([name, value]) => labels[name] === value).length;
    return { up, shared, others: own.length - shared };
  });
  const others = Math.min(...rated.map((one) => one.others));
  const few = rated.filter((one) => one.others === others);
  const shared = Math.max(...few.map((one) => one.shared));
  return few.filter((one) => one.shared === shared).map(({ up }) => up);
}

function whyNone(labels: Labels, { by: name, ups: near }: Nearest): string {
  if (name === undefined) return `it has no label ${IDENTITY.join(' or ')}`;
  const own = `${name}="${labels[name] ?? ''}"`;
  if (near.length === 0) return `no target of its job has ${own}`;
  const differing = labelNames(near).filter((one) => new Set(near.map((up) => up.labels[one])).size > 1);
  return `${near.length} targets of its job have ${own}, and it does not say by ${differing.join(', ')} which of them it is of`;
}
