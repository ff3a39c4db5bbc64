/** What a product of a share and a power of ten may be off a whole number only because of floating point. */
const NOISE = 1e-6;

/** `99.95 %`; rounded down, so that only a share of 1 shows as 100 %. */
export function percent(share: number): string {
  return `${percentAtLeast(share, 3)} %`;
}

/** Shares of good, and lower bounds, in percent: rounded down, so that no more is claimed than was seen. */
export function percentAtLeast(share: number, digits: number): number {
  return Number((Math.floor(share * 100 * 10 ** digits + NOISE) / 10 ** digits).toFixed(digits));
}

/** Shares of bad, and upper bounds, in percent: rounded up. */
export function percentAtMost(share: number, digits: number): number {
  // Adding 0 turns the -0 that is left of a share of 0 into 0.
  return Number((Math.ceil(share * 100 * 10 ** digits - NOISE) / 10 ** digits).toFixed(digits)) + 0;
}

/** A share that was declared, in percent: as it was written, without the noise of floating point. */
export function percentDeclared(share: number): number {
  return Number((share * 100).toFixed(5));
}
