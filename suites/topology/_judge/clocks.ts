/** How far the clocks of nodes may be off: certificates, tokens, leases and the order of logs rest on them. */
import type { History } from '../../../reports/record/history/history.ts';
import { all } from '../../../reports/judge/observed.ts';
import { furthestFigure, offsetIn, offText } from '../../../reports/judge/telemetry/clocks.ts';
import type { Offset } from '../../../reports/judge/telemetry/clocks.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';

const SECOND_MS = 1000;

/**
 * Each clock must be within the goal of the harness's own, which NTP keeps too; where the reading's error leaves it open, it is unknown.
 */
export function clocksRule(history: History, findings: Findings, nodes: readonly string[]): void {
  findings.rule('clocks');
  const clockSeconds = findings.goal('clockSeconds');
  const limitMs = clockSeconds * SECOND_MS;
  const expected = `within ${clockSeconds} s of this machine's`;
  const unread = [
    ...all(history, 'clock-unread'),
    ...all(history, 'reach-silent').map(({ node, reason }) => ({ source: node, reason })),
  ];
  const offsets: Offset[] = [];
  findings.each(
    nodes.map((node) => [`node ${node}`, node]),
    all(history, 'clock-offset'),
    {
      key: ({ source }) => `node ${source}`,
      what: 'clock',
      expected,
      missing: 'unknown',
      why: (subject) => unread.find(({ source }) => subject === `node ${source}`)?.reason,
      strange: 'ignore',
    },
    (node, seen) => {
      const offset = offsetIn(history, seen);
      offsets.push(offset);
      within(findings, { subject: `clock of node ${node}`, expected, offset, limitMs });
    },
  );
  findings.figure({ ...furthestFigure(offsets), goal: `≤ ${limitMs} ms` });
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
