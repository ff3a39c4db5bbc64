import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../../host/clock.ts';
import { inParallel } from '../../host/in-parallel.ts';
import { parseJsonForIds } from '../../host/json.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { wantsRenewal } from '../../reports/record/refusals.ts';
import { askApplication, valuesFor } from './asking.ts';
import type { ApplicationTarget } from './asking.ts';
import { idAt, placeholdersIn, pointed, retryAfterSeconds } from './contract.ts';
import type { ContractRequest, Fate, Reply, Values } from './contract.ts';

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
  /** Why there may be more that no page showed; empty: nothing says so. */
  unseen: string;
}

/** Requests at once: what is removed must not be a load of its own. */
const AT_ONCE = 4;
/** Until the next look or request, where waiting may help. */
const AGAIN_MS = 1_000;
/** How long a list may lag behind: a search index shows what changed within 1 s (Elasticsearch's default), a replica within some seconds. */
const LAG_MS = 10_000;
/** How often a request is sent again for credentials that are being renewed. */
const RENEWALS = 3;
/** A list of fewer entries is whole: no API's pages are usually smaller. */
const SMALLEST_PAGE = 10;

export interface RemovalBounds {
  /** For all of it, ms. */
  deadlineMs: number;
  /** Of one answer, ms. */
  answerMs: number;
  signal: AbortSignal;
}

interface Until extends RemovalBounds {
  /** When nothing more is asked, CLOCK_MONOTONIC ms. */
  endMs: number;
}

/**
 * Removes everything whose title begins with the prefix of canaries, page by page, and nothing else whatever the application lists. Ends when
 * none is found, or a page brings nothing to remove; a list that still has what was removed is looked at again for some seconds.
 * @throws the reason of the signal
 */
export async function removeCanaries(
  target: ApplicationTarget,
  contract: RemovalContract,
  bounds: RemovalBounds,
): Promise<Removal> {
  const until: Until = { ...bounds, endMs: monoMs() + bounds.deadlineMs };
  const gone = new Set<string>();
  const stuck = new Map<string, string>();
  const over = (trouble: string, more: Partial<Removal> = {}): Removal => ({
    removed: gone.size,
    left: stuck.size,
    trouble,
    unseen: '',
    ...more,
  });
  let lastNewMs = monoMs();
  for (;;) {
    const found = await foundBy(target, contract.find, until);
    if (typeof found === 'string') return over(found);
    const isOpen = (id: string): boolean => !gone.has(id) && !stuck.has(id);
    const ids = found.ids.filter(isOpen);
    await inParallel(ids, { atOnce: AT_ONCE, budgetMs: Infinity }, async (id) => {
      if (monoMs() >= until.endMs) return;
      const trouble = await removeOne(target, { contract, id }, until);
      if (trouble === '') gone.add(id);
      else stuck.set(id, trouble);
    });
    const open = ids.filter(isOpen);
    const trouble = [...stuck.values()].at(-1) ?? '';
    if (open.length > 0) {
      const late = `not done within ${bounds.deadlineMs / 1000} s`;
      return over(trouble === '' ? late : `${late}; ${trouble}`, { left: open.length + stuck.size });
    }
    if (ids.length > 0) lastNewMs = monoMs();
    else if (!found.ids.some((id) => gone.has(id)))
      return over(trouble, { unseen: unseenBehind(contract.find, found) });
    else if (monoMs() >= Math.min(lastNewMs + LAG_MS, until.endMs))
      return over(trouble, { unseen: STILL_LISTED });
    else await rest(AGAIN_MS, bounds.signal);
  }
}

const STILL_LISTED =
  'application.requests.find still lists what was removed, and what is further down its list was not seen';

/** What a page that holds entries of others alone leaves open; empty: it is none, or canaries alone were asked for. */
function unseenBehind({ path, body }: RemovalContract['find'], { ids, listed }: Found): string {
  const isFiltered = placeholdersIn(path + JSON.stringify(body ?? '')).includes('prefix');
  return isFiltered || ids.length > 0 || listed < SMALLEST_PAGE
    ? ''
    : `application.requests.find has no {prefix}: the last ${listed} entries that it listed were others, and what is further down its list was not seen`;
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** An answer. A request that was turned away is sent again as soon as a rate limit allows it, or with renewed credentials. */
async function answerTo(
  target: ApplicationTarget,
  asked: { request: ContractRequest; values: Values },
  until: Until,
): Promise<{ reply: Reply; fate: Fate }> {
  const { answerMs, signal } = until;
  let renewals = RENEWALS;
  for (;;) {
    const { reply, fate } = await askApplication(target, asked, { deadlineMs: answerMs, signal });
    const { cause } = fate;
    const waitMs = Math.max(AGAIN_MS, (retryAfterSeconds(reply.headers) ?? 0) * 1000);
    const mayPass = cause === 'rate-limit' || (isForRenewal(cause) && renewals-- > 0);
    const isTooLong = monoMs() + waitMs >= until.endMs;
    // What is asked in the meantime would not get through either.
    if (mayPass && isTooLong) until.endMs = 0;
    if (!mayPass || isTooLong) return { reply, fate };
    await rest(waitMs, signal);
  }
}

function isForRenewal(cause: Fate['cause']): boolean {
  return cause !== null && cause !== 'service' && wantsRenewal(cause);
}

interface Found {
  /** Of entries with a title of a canary. */
  ids: string[];
  /** Entries with whatever title. */
  listed: number;
}

/** What a page shows; a text says why that cannot be known. */
async function foundBy(
  target: ApplicationTarget,
  find: RemovalContract['find'],
  until: Until,
): Promise<Found | string> {
  const { list, id: idPointer, title: titlePointer } = find.entries;
  try {
    const values = valuesFor(target, { correlationId: 'canaries/find', n: 0 });
    const { reply, fate } = await answerTo(target, { request: find, values }, until);
    if (!fate.ok) return `application.requests.find: ${fate.why}`;
    const entries = pointed(parseJsonForIds(reply.text), list);
    if (!Array.isArray(entries)) return `application.requests.find: no list at ${JSON.stringify(list)}`;
    const own = entries.filter((entry: unknown) => {
      const title = pointed(entry, titlePointer);
      return typeof title === 'string' && title.startsWith(target.prefix);
    });
    const ids = own.map((entry: unknown) => idAt({ pointer: idPointer }, { headers: {} }, entry));
    const known = ids.filter((id) => id !== null);
    if (own.length > 0 && known.length === 0)
      return `application.requests.find: entries of canaries have no id at ${JSON.stringify(idPointer)}`;
    return { ids: [...new Set(known)], listed: entries.length };
  } catch (error) {
    until.signal.throwIfAborted();
    return `application.requests.find: ${errorText(error)}`;
  }
}

/** Empty: it is gone; else why not. */
async function removeOne(
  target: ApplicationTarget,
  { contract: { remove }, id }: { contract: RemovalContract; id: string },
  until: Until,
): Promise<string> {
  try {
    const values = valuesFor(target, { correlationId: `canaries/remove/${id}`, n: 0, id });
    const { reply, fate } = await answerTo(target, { request: remove, values }, until);
    if (fate.ok || remove.missing?.includes(reply.status) === true) return '';
    return `application.requests.remove: ${fate.why}`;
  } catch (error) {
    until.signal.throwIfAborted();
    return `application.requests.remove: ${errorText(error)}`;
  }
}
