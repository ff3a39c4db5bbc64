import { monoMs } from '../host/clock.ts';
import type { NewSeen } from '../reports/record/observations/index.ts';

type FaultSeen = NewSeen<'fault-armed' | 'fault-acted' | 'fault-landed'>;

interface Injected {
  fault: string;
  target: string;
}

const OF = { uid: 'none', node: null };

/** Before a test hits something by itself: what a fault of the runner would have said. */
export function armed({ fault, target }: Injected): FaultSeen {
  const member = { name: target, ...OF, found: 'made by the test' };
  return { kind: 'fault-armed', fault, target, members: [member] };
}

/** And afterwards. */
export function landed({ fault, target }: Injected, sinceMs: number): FaultSeen[] {
  const t = monoMs();
  return [
    { kind: 'fault-acted', t, member: target, did: fault },
    {
      kind: 'fault-landed',
      t,
      by: 'processes gone',
      proof: `${fault} of ${target}`,
      hit: [OF],
      betweenMs: [sinceMs, t],
    },
  ];
}
