import { askText } from '../../probes/asking.ts';
import { missing, ok } from './item.ts';
import type { Item } from './item.ts';

const DAY_MS = 86_400_000;
/** What expires sooner is mentioned: two weeks, in which a person can have it renewed. */
const SOON_DAYS = 14;

const RENEW = 'have it renewed';

/** What to do where TLS fails: a certificate that has expired is none of the declaration's fault. @param declared what else to put right */
export function tlsAdvice(error: unknown, declared: string): string {
  return /certificate has expired/.test(askText(error)) ? RENEW : declared;
}

/** @param validTo ISO 8601 */
export function expiryItem(what: string, validTo: string, now = new Date()): Item {
  const days = Math.floor((Date.parse(validTo) - now.getTime()) / DAY_MS);
  if (days < 0) return missing(what, `expired ${validTo}`, RENEW);
  if (days >= SOON_DAYS) return ok(what, `valid for ${days} days`);
  const left = days === 0 ? 'less than a day' : `${days} ${days === 1 ? 'day' : 'days'}`;
  return { ...ok(what, `expires in ${left}, ${validTo}`), notice: true };
}
