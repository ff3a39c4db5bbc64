/** How far the clocks of nodes may be off: certificates, tokens, leases and the order of logs rest on them. */
import type { History, HistoryHeader } from '../../record/history/history.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { all } from '../observed.ts';
import { furthestFigure, offsetOf, offText } from '../telemetry/clocks.ts';
import type { Offset } from '../telemetry/clocks.ts';
import type { Findings } from './findings.ts';

const SECOND_MS = 1000;

/** The clock of each node on which a pod was to run. Histories from before there was a goal have none. */
export function clocksEvidence({ goals }: HistoryHeader, nodes: number): AnyNeed[] {
  return goals.clockSeconds === undefined
    ? []
    : [need('clock-offset', { count: nodes, what: 'clocks of nodes' })];
}

/**
 * Each clock must be within the goal of the harness's own, which NTP keeps too; where the reading's error leaves it open, it is unknown.
 */
export function clocksRule(history: History, findings: Findings, nodes: readonly string[]): void {
  const { clockSeconds } = history.header.goals;
  if (clockSeconds === undefined) return;
  findings.rule('clocks');
  const unread = all(history, 'clock-unread');
  const silent = all(history, 'reach-silent');
  const offsets: Offset[] = [];
  for (const node of nodes) {
    const offset = offsetOf(history, node);
    const subject = `clock of node ${node}`;
    const expected = `within ${clockSeconds} s of this machine's`;
    if (offset === null) {
      const why = unread.find(({ source }) => source === node) ?? silent.find((one) => one.node === node);
      findings.unknown(subject, expected, why?.reason ?? 'it was not measured');
      continue;
    }
    offsets.push(offset);
    within(findings, { subject, expected, offset, limitMs: clockSeconds * SECOND_MS });
  }
  const sources = all(history, 'clock-offset').map(({ source }) => source);
  findings.eachOnce(
    'clocks',
    nodes.filter((node) => sources.includes(node)),
    sources,
  );
  const lastMs = Math.max(...all(history, 'reach-pair').map(({ t }) => t));
  const early = all(history, 'clock-offset').find(({ t }) => t < lastMs);
  findings.sound(
    'clocks',
    early === undefined,
    'read after all pairs of nodes were probed',
    early?.source ?? '',
  );
  findings.figure({ ...furthestFigure(offsets), goal: `≤ ${clockSeconds * SECOND_MS} ms` });
}

function within(
  findings: Findings,
  of: { subject: string; expected: string; offset: Offset; limitMs: number },
): void {
  const { subject, expected, offset, limitMs } = of;
  const offMs = Math.abs(offset.offsetMs);
  if (offMs - offset.errorMs > limitMs) findings.expect(subject, false, expected, offText(offset));
  else if (offMs + offset.errorMs > limitMs) findings.unknown(subject, expected, offText(offset));
  else findings.expect(subject, true, expected, offText(offset));
}
