import { monoMs } from '../../host/clock.ts';
import { inParallel } from '../../host/in-parallel.ts';
import { parseJson } from '../../host/json.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { askApplication, valuesFor } from './asking.ts';
import type { ApplicationTarget } from './asking.ts';
import { idAt, pointed } from './contract.ts';
import type { ContractRequest } from './contract.ts';

/** How what canaries created is found and removed. */
export interface RemovalContract {
  find: ContractRequest & { entries: { list: string; id: string; title: string } };
  remove: ContractRequest;
}

export interface Removal {
  removed: number;
  /** Found, and still there. */
  left: number;
  /** Why the last of these could not be removed, or why they could not be found; empty: neither. */
  trouble: string;
}

/** Requests at once: what is removed must not be a load of its own. */
const AT_ONCE = 4;

export interface RemovalBounds {
  /** For all of it, ms. */
  deadlineMs: number;
  /** Of one answer, ms. */
  answerMs: number;
  signal: AbortSignal;
}

/**
 * Removes everything whose title begins with the prefix of canaries, page by page, and nothing else whatever the application lists. Ends when
 * none is found, or a page brings nothing to remove.
 * @throws the reason of the signal
 */
export async function removeCanaries(
  target: ApplicationTarget,
  contract: RemovalContract,
  bounds: RemovalBounds,
): Promise<Removal> {
  const end = monoMs() + bounds.deadlineMs;
  const gone = new Set<string>();
  const stuck = new Map<string, string>();
  for (;;) {
    const found = await foundBy(target, contract.find, bounds);
    if (typeof found === 'string') return { removed: gone.size, left: stuck.size, trouble: found };
    const ids = found.filter((id) => !gone.has(id) && !stuck.has(id));
    const limits = { atOnce: AT_ONCE, budgetMs: Math.max(0, end - monoMs()) };
    const open = await inParallel(ids, limits, async (id) => {
      const trouble = await removeOne(target, { contract, id }, bounds);
      if (trouble === '') gone.add(id);
      else stuck.set(id, trouble);
    });
    if (open.length > 0)
      return {
        removed: gone.size,
        left: open.length + stuck.size,
        trouble: `not done within ${bounds.deadlineMs / 1000} s`,
      };
    if (ids.length === 0)
      return { removed: gone.size, left: stuck.size, trouble: [...stuck.values()].at(-1) ?? '' };
  }
}

/** Ids of entries with a title of a canary; a text says why they cannot be known. */
async function foundBy(
  target: ApplicationTarget,
  find: RemovalContract['find'],
  { answerMs, signal }: RemovalBounds,
): Promise<string[] | string> {
  const { list, id: idPointer, title: titlePointer } = find.entries;
  try {
    const values = valuesFor(target, { correlationId: 'canaries/find', n: 0 });
    const { reply, fate } = await askApplication(
      target,
      { request: find, values },
      { deadlineMs: answerMs, signal },
    );
    if (!fate.ok) return `application.requests.find: ${fate.why}`;
    const entries = pointed(parseJson(reply.text), list);
    if (!Array.isArray(entries)) return `application.requests.find: no list at ${JSON.stringify(list)}`;
    const ids = entries.flatMap((entry: unknown): string[] => {
      const title = pointed(entry, titlePointer);
      if (typeof title !== 'string' || !title.startsWith(target.prefix)) return [];
      const id = idAt({ pointer: idPointer }, { headers: {} }, entry);
      return id === null ? [] : [id];
    });
    return [...new Set(ids)];
  } catch (error) {
    signal.throwIfAborted();
    return `application.requests.find: ${errorText(error)}`;
  }
}

/** Empty: it is gone; else why not. */
async function removeOne(
  target: ApplicationTarget,
  { contract: { remove }, id }: { contract: RemovalContract; id: string },
  { answerMs, signal }: RemovalBounds,
): Promise<string> {
  try {
    const values = valuesFor(target, { correlationId: `canaries/remove/${id}`, n: 0, id });
    const { reply, fate } = await askApplication(
      target,
      { request: remove, values },
      { deadlineMs: answerMs, signal },
    );
    if (fate.ok || remove.missing?.includes(reply.status) === true) return '';
    return `application.requests.remove: ${fate.why}`;
  } catch (error) {
    signal.throwIfAborted();
    return `application.requests.remove: ${errorText(error)}`;
  }
}
