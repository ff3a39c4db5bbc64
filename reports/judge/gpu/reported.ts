import type { History } from '../../record/history/history.ts';
import type { Seen } from '../../record/observations/index.ts';
import { all } from '../observed.ts';
import type { Findings } from '../topology/findings.ts';
import { isTold } from './pool.ts';

export const readyPods = (history: History): Seen<'gpu-pod'>[] =>
  all(history, 'gpu-pod').filter(({ state }) => state === 'ready');

export function expectReported(history: History, pod: Seen<'gpu-pod'>, findings: Findings): void {
  const { asked, devices, detail } = pod;
  const subject = `device of pod ${pod.pod}`;
  const expected = `${asked} named in the container`;
  // Nothing in the container says which: that is not the same as being given none.
  if (devices === null) {
    findings.unknown(subject, expected, detail);
    return;
  }
  findings.expect(subject, isTold(history, { asked, devices }), expected, devices.join(', ') || 'none');
}

/** Series name pods without their namespaces. */
export const podName = (pod: string): string => pod.slice(pod.indexOf('/') + 1);
