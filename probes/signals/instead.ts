import { isWebPage, plainLocation } from '../../reports/record/refusals.ts';

/** What answers where an API was expected. */
interface Answer {
  status: number;
  /** The header `location`; empty: there is none. */
  location: string;
  text: string;
}

/** Tells a login page and a server of several tenants from an answer of an API; null: it is neither. */
export function insteadOf({ status, location, text }: Answer): string | null {
  if (status >= 300 && status <= 399)
    return `it redirects to ${plainLocation(location).slice(0, 200) || 'another address'}, as to a login page`;
  // Mimir and its kin (dskit, user.ErrNoOrgID) say `no org id`.
  if (/no org id|x-scope-orgid|\btenant\b/i.test(text.slice(0, 500)))
    return 'it wants the name of a tenant in a header';
  return isWebPage(text) ? 'a web page answers where JSON was expected, as a login page does' : null;
}
