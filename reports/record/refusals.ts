/** Answers that say nothing of the service: who stands before it, or the service itself, did not take the request. */

export const REFUSALS = ['credentials', 'rate-limit'] as const;
export type Refusal = (typeof REFUSALS)[number];

/**
 * 401: who asked was not recognised (RFC 9110, 15.5.2). 429: it asked too often (RFC 6585, 4). With either the service has not failed; nor
 * has it answered.
 */
export function refusalOf(status: number | null): Refusal | null {
  if (status === 401) return 'credentials';
  return status === 429 ? 'rate-limit' : null;
}

/** How the detail of a request that was refused begins. */
export function refusalDetail(refusal: Refusal, status: number): string {
  return `${refusal}: status ${status}`;
}

/** For people: what to look at. */
export const REFUSAL_TEXTS: Readonly<Record<Refusal, string>> = {
  credentials:
    'refused with 401: the credentials (application.credentials) are missing, wrong or no longer valid',
  'rate-limit': 'refused with 429: the rate limit of the gateway is below what is sent',
};
