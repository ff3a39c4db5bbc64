import type { History } from '../../../reports/record/history/history.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { devicesIn } from '../../../reports/record/names/device-words.ts';
import { all } from '../../../reports/judge/observed.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';
import { gpuOf, isTold } from './pool.ts';

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
  expectPresent(history, pod, findings);
}

/**
 * What the variable names was allocated. It is in the container only if the container runtime put it there: without the runtime of its vendor the
 * variable names a device, and the container has none.
 */
export function expectPresent(history: History, pod: Seen<'gpu-pod'>, findings: Findings): void {
  const { simulated, workload } = gpuOf(history);
  const answered = all(history, 'gpu-answer').some(
    ({ code, output }) => code === 0 && devicesIn(output, pod.devices ?? []) === 'some',
  );
  if (simulated || answered || pod.present === true) return;
  const named = pod.reportedBy === null ? 'nothing names one' : `only ${pod.reportedBy} names one`;
  const advice = workload === undefined ? '; declare gpu.workload, a command that shows it' : '';
  findings.unknown(
    `device in pod ${pod.pod}`,
    'its node in /dev, an nvidia-smi that lists it, or an answer to gpu.workload',
    `none of these, and ${named}${advice}`,
  );
}

/** Series name pods without their namespaces. */
export const podName = (pod: string): string => pod.slice(pod.indexOf('/') + 1);
