/** The declarations that judges read from a history's header: as much of the environment's schema as they need. */
export interface DeclaredWorkload {
  kind: string;
  namespace: string;
  name: string;
  replicas: { min: number; max: number };
  serves?: boolean;
  store?: string;
  gpu?: number;
  spread?: { differentNodes?: boolean; disruptionBudget?: boolean };
  exempt?: { checks: string[]; containers?: string[]; reason: string }[];
}

export interface DeclaredPool {
  name: string;
  count: { min: number; max: number };
  labels: Record<string, string>;
  taints: { key: string; value?: string; effect: string }[];
}

/** `Deployment tender/tender-api`: how a workload is called in histories and findings. */
export function nameOf(workload: { kind: string; namespace: string; name: string }): string {
  return `${workload.kind} ${workload.namespace}/${workload.name}`;
}

export function range(count: { min: number; max: number }): string {
  return count.min === count.max ? String(count.min) : `${count.min} to ${count.max}`;
}

export function within(value: number, count: { min: number; max: number }): boolean {
  return value >= count.min && value <= count.max;
}

/** Why a container is let off a check, or null. */
export function exemption(workload: DeclaredWorkload, check: string, container: string): string | null {
  const found = (workload.exempt ?? []).find(
    (one) =>
      one.checks.some((glob) => matches(glob, check)) &&
      (one.containers === undefined || one.containers.includes(container)),
  );
  return found?.reason ?? null;
}

/** `*` stands for any text. */
export function matches(glob: string, name: string): boolean {
  const pattern = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.*')}$`).test(name);
}
