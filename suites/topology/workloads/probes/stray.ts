import type { Fields } from '../../../../reports/record/observations/index.ts';

/** Ready pods to which a Service does not lead, and addresses to which it does and where no such pod is. */
export function strayIn({ pods, addresses, publishesUnready }: Fields<'service-endpoints'>): string[] {
  const left = pods.filter(({ ips, ready }) => ready && !ips.some((ip) => addresses.includes(ip)));
  const known = pods.filter(({ ready }) => ready || publishesUnready === true).flatMap(({ ips }) => ips);
  const strange = addresses.filter((address) => !known.includes(address));
  return [
    ...left.map(({ pod }) => `not to Pod ${pod}, which is ready`),
    ...strange.map((address) => `to ${address}, where no ready pod is`),
  ];
}
