/** What checks do with the API of the cluster, as their definitions say it; the rights that they need follow from it (`rights.ts`). */
import type { Place } from '../../probes/kubernetes/access/rights.ts';
import type { Method } from '../harness/protocol.ts';

export { WORKLOADS } from '../../probes/kubernetes/workloads.ts';

/** What a check asks of the cluster's API, and which methods of the runner it calls that do. A test holds it against the code. */
export interface Touches {
  /** Kinds that it lists or waits for, as `apps/v1/Deployment`. */
  lists?: readonly string[];
  /** Kinds that it reads past what it lists, at one moment: an object by its name, or those of a namespace. */
  reads?: readonly string[];
  /** Kinds of what it makes in the namespace of canaries, where it may write. */
  makes?: readonly string[];
  /** Where it runs commands in pods. */
  execs?: readonly Place[];
  /** Where it reads logs. */
  logs?: readonly Place[];
  /** Paths that are no resource, as `/version`. */
  asks?: readonly string[];
  runner?: readonly Method[];
  /** Of `runner`: what it leaves out in a read-only run, in which it looks at the rest and says what it did not try. */
  leavesOut?: readonly Method[];
  /** Why nobody gets the right to run commands, and what becomes of the check then. */
  execsNotGiven?: string;
  /** It is run in embedded environments only, of which Plumbline is the owner: no account is given rights for it. */
  embeddedOnly?: true;
}

/** Several parts of what a check does, as one. */
export function touching(...parts: readonly Touches[]): Touches {
  const all = <Name extends 'lists' | 'reads' | 'makes' | 'execs' | 'logs' | 'asks' | 'runner'>(
    name: Name,
  ): NonNullable<Touches[Name]>[number][] => [...new Set(parts.flatMap((part) => part[name] ?? []))];
  return {
    lists: all('lists'),
    reads: all('reads'),
    makes: all('makes'),
    execs: all('execs'),
    logs: all('logs'),
    asks: all('asks'),
    runner: all('runner'),
  };
}
