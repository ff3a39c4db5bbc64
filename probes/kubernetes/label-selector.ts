import type { LabelSelector } from './objects.ts';

export type { LabelSelector };

type Labels = Readonly<Record<string, string>>;

/** The match of each operator. `NotIn` and `DoesNotExist` also match objects without the label. */
const OPERATORS: Readonly<Record<string, (value: string | undefined, values: readonly string[]) => boolean>> =
  {
    In: (value, values) => value !== undefined && values.includes(value),
    NotIn: (value, values) => value === undefined || !values.includes(value),
    Exists: (value) => value !== undefined,
    DoesNotExist: (value) => value === undefined,
  };

/**
 * Whether a selector matches these labels: all of its labels and expressions must hold. A missing selector matches nothing, an empty
 * one everything (policy/v1). @throws Error for an operator that Kubernetes does not have
 */
export function selects(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  if (selector === undefined) return false;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const holds = OPERATORS[operator];
      if (holds === undefined) throw new Error(`a selector with the unknown operator "${operator}"`);
      return holds(labels[key], values);
    })
  );
}
