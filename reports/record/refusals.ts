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

/**
 * How the detail of a request that was refused begins.
 * @param waitSeconds what `Retry-After` asks for; null: nothing
 */
export function refusalDetail(refusal: Refusal, status: number, waitSeconds: number | null = null): string {
  const wait = waitSeconds === null ? '' : `, retry after ${waitSeconds} s`;
  return `${refusal}: status ${status}${wait}`;
}

/** The refusal that the detail of a request says; null: it says another thing. */
export function refusalIn(detail: string): Refusal | null {
  return REFUSALS.find((one) => detail.startsWith(`${one}: `)) ?? null;
}

/** The check of a load's scenario under which refused requests are counted, apart from those of the service. */
export function refusalCheck(refusal: Refusal): string {
  return `turned away: ${refusal}`;
}

/** How many requests were refused, by the reason. */
export type Refused = Readonly<Record<Refusal, number>>;

export function refusedTotal(refused: Refused): number {
  return REFUSALS.reduce((sum, one) => sum + refused[one], 0);
}

/** For people: how many of how many requests were refused, and what to look at; empty where none was. */
export function refusedText(refused: Refused, of: number): string {
  return REFUSALS.filter((one) => refused[one] > 0)
    .map((one) => `${refused[one]} of ${of} requests ${REFUSAL_TEXTS[one]}`)
    .join('; ');
}

/** For people: what to look at. */
export const REFUSAL_TEXTS: Readonly<Record<Refusal, string>> = {
  credentials:
    'refused with 401: the credentials (application.credentials) are missing, wrong or no longer valid',
  'rate-limit': 'refused with 429: a rate limit is below what was sent',
};

/** How a line ends by which the scenario of a load says that its credentials were refused: they are renewed then. */
export const REFUSED_LOG = 'the credentials were refused (401)';
