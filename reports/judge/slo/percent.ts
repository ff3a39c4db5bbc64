/** `99.95 %`; rounded down, so that only a share of 1 shows as 100 %. */
export function percent(share: number): string {
  return `${Number((Math.floor(share * 1e5 + 1e-6) / 1e3).toFixed(3))} %`;
}
