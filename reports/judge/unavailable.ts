import type { Seen } from '../record/observations/index.ts';

/** How the API server words a right that is missing (RBAC, Kubernetes 1.0 and later), behind `forbidden: ` of the client. */
const REFUSED =
  /^forbidden: .*? cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/s;
/** A kind such as `v1/Node`: the right that is missing names it again. */
const KIND = /^(?:[\w.-]+\/)?v\d\w*\/\w+$/;

/**
 * Why a source gave no answer, in a sentence for headlines. Of a right that is missing it says which; the whole text of the API server, with the
 * account, is among the evidence of the check (`refusalText`).
 */
export function unavailableText({ what, reason }: Pick<Seen<'unavailable'>, 'what' | 'reason'>): string {
  const [found, verb = '', resource = '', group = '', namespace] = REFUSED.exec(reason) ?? [];
  if (found === undefined) return `${what} unavailable: ${reason}`;
  const of = `${resource}${group === '' ? '' : `.${group}`}`;
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  return `${KIND.test(what) ? '' : `${what} unavailable: `}this account may not ${verb} ${of}${where}`;
}

/** The whole text of a refusal that `unavailableText` shortens; null: it does not. */
export function refusalText({ reason }: Pick<Seen<'unavailable'>, 'reason'>): string | null {
  return REFUSED.test(reason) ? reason : null;
}
