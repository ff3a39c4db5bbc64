/** What stands in for safety where a run makes and changes nothing, so that nothing has to be put back and nobody kept out. */
import { existsSync } from 'node:fs';
import type { InstanceName } from '../../host/paths.ts';
import type { ReadOnlyGuard } from '../../probes/kubernetes/access/read-only.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { atMost } from '../../reports/record/at-most.ts';
import type { Mutation, Safety } from './safety.ts';
import { Journal } from './journal/journal.ts';
import { readMirror } from './journal/mirror.ts';
import { safetyFolder } from './lease/place.ts';
import { HolderRecord, type ChildRecord } from './lease/processes.ts';
import { NOTHING } from './types.ts';
import type { KubeCall, RestoreReport } from './types.ts';

/** Safety as a run sees it. */
export type RunSafety = Pick<Safety, Exclude<keyof Safety, 'children'>> & {
  readonly children: Pick<ChildRecord, 'add' | 'remove'>;
};

/** Entries of the mirror that a sentence names. */
const NAMED = 3;

/**
 * Takes no Lease, keeps no journal, and follows no kill switch. Every change is refused by the run's guard. Children are not recorded: their record
 * belongs to whoever holds the environment.
 */
export class NoChanges implements RunSafety {
  readonly restoredAtStart = NOTHING;
  readonly children = { add: () => undefined, remove: () => undefined };
  readonly beginCheck = (): void => undefined;
  readonly endCheck = (): void => undefined;
  readonly stopped = new AbortController().signal;
  readonly identity = 'none: it only reads';
  readonly mirrorGaps = 0;
  readonly #guard: ReadOnlyGuard;

  constructor(guard: ReadOnlyGuard) {
    this.#guard = guard;
  }

  perform({ title, check }: Pick<Mutation, 'title' | 'check'>): Promise<never> {
    return this.#refused(`${title} (${check})`);
  }

  apply(check: string): Promise<never> {
    return this.#refused(`making objects for ${check}`);
  }

  patch(check: string): Promise<never> {
    return this.#refused(`changing an object for ${check}`);
  }

  remove(check: string): Promise<never> {
    return this.#refused(`removing objects for ${check}`);
  }

  pending(): [] {
    return [];
  }

  restore(): Promise<RestoreReport> {
    return Promise.resolve(NOTHING);
  }

  close(): Promise<RestoreReport> {
    return Promise.resolve(NOTHING);
  }

  #refused(what: string): Promise<never> {
    return Promise.resolve().then(() => this.#guard.refuse(what));
  }
}

/**
 * Who else may be disturbing the environment now, a sentence each: processes of this machine that hold it, and runs elsewhere that have something
 * open. Nobody is waited for, and nothing is undone.
 */
export async function othersAtWork(of: {
  environment: string;
  embedded: InstanceName | undefined;
  kube: KubeCall;
  namespace: string;
}): Promise<string[]> {
  const folder = safetyFolder(of.environment, of.embedded);
  const holders = new HolderRecord(folder).living();
  const held = holders.map(
    ({ pid }) =>
      `Process ${pid} of this machine holds the environment: what this run saw may be what that one was doing.`,
  );
  // An embedded environment has its journal on this machine alone.
  return of.embedded === undefined ? [...held, ...(await openElsewhere(folder, of))] : held;
}

async function openElsewhere(
  folder: string,
  { kube, namespace }: { kube: KubeCall; namespace: string },
): Promise<string[]> {
  try {
    const { listed, holder } = await readMirror({ kube, namespace });
    const own = new Set(existsSync(folder) ? new Journal(folder).entries().map(({ id }) => id) : []);
    const open = listed.filter(({ id = '' }) => !own.has(id));
    if (open.length === 0) return [];
    const titles = atMost(
      open.map(({ title }) => title ?? 'an entry without a title'),
      NAMED,
    );
    return [`A run of ${holder} has not undone yet: ${titles.join('; ')}.`];
  } catch (error) {
    return [`Whether a run elsewhere has left something open is unknown: ${errorText(error)}.`];
  }
}
