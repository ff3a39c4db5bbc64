/** Suffixes of Kubernetes' quantities (API reference, Quantity). */
const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** `12`, `7500m`, `1e3`; null for other text. */
export function quantityOf(text: string | undefined): number | null {
  const match = /^([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(text ?? '');
  if (match === null) return null;
  const [, digits, suffix] = match;
  return Number(digits) * (suffix === undefined ? 1 : (SUFFIXES[suffix] ?? Number.NaN));
}
