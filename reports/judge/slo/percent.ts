/** `99.95 %`; never rounded up to a whole that it is not. */
export function percent(share: number): string {
  return `${Number((Math.floor(share * 1e5 + 1e-6) / 1e3).toFixed(3))} %`;
}
