import { missing, ok } from './item.ts';
import type { Item } from './item.ts';

const DAY_MS = 86_400_000;
/** What expires sooner is mentioned: two weeks, in which a person can have it renewed. */
const SOON_DAYS = 14;

/** @param validTo ISO 8601 */
export function expiryItem(what: string, validTo: string, now = new Date()): Item {
  const days = Math.floor((Date.parse(validTo) - now.getTime()) / DAY_MS);
  if (days < 0) return missing(what, `expired ${validTo}`, 'have it renewed');
  if (days >= SOON_DAYS) return ok(what, `valid for ${days} days`);
  return { ...ok(what, `expires in ${days} ${days === 1 ? 'day' : 'days'}, ${validTo}`), notice: true };
}
