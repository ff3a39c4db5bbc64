import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { DISKS, OF_THE_FAULT, nodesWriting, canaryRequestsSent, storeSwept } from '../../_judge/evidence.ts';
import { judgeLines } from '../../_judge/logs.ts';
import {
  acceptedRule,
  faultRule,
  mostWritersIn,
  canaryRequestsOf,
  pathOf,
  refusedOf,
} from '../../_judge/observed.ts';
import { refusedFigures } from '../../../../reports/judge/refused-figures.ts';
import { heldOnDisks, requestLines } from '../../_judge/request-lines.ts';
import type { Held } from '../../_judge/request-lines.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import { lineNameOf, loggedNameOf } from '../../../../reports/record/names/path-names.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { LINE_WRITER } from '../../../../reports/record/observations/telemetry.ts';

/** telemetry/logs/under-fault: as logs/canary, and every line of a canary request, while a store was hit. */
function judgeLogsUnderFault(history: History): Judgement {
  const findings = new Findings(history);
  const canaries = canaryRequestsOf(history);
  faultRule(history, findings, canaries);
  acceptedRule(history, findings, canaries);
  findings.rule('lines-of-requests');
  const stored = requestLines(history);
  const held = heldOnDisks(history, { sent: canaries, stored });
  unreadFindings(history, findings);
  const gone = goneOf(
    history,
    stored.map(({ pod }) => pod).filter((pod) => pod !== ''),
  );
  if (gone > 0) findings.note(`${gone} pods that logged requests are gone: what they wrote was not counted`);
  const sum = (of: (one: Held) => number): number => held.reduce((total, one) => total + of(one), 0);
  const figures = [
    { name: 'canary requests', value: canaries.length },
    { name: 'of them answered well', value: canaries.filter(({ ok }) => ok).length },
    ...refusedFigures(refusedOf(canaries)),
    { name: "their lines on the nodes' disks", value: sum(({ lines }) => lines) },
    { name: 'their lines in the store', value: stored.length },
    { name: 'their lines that are there twice', value: sum(({ twice }) => twice) },
  ];
  for (const figure of figures) findings.figure(figure);
  if (held.length === 0)
    findings.unknown(
      'lines of canary requests',
      "on the nodes' disks",
      'no line was found there that has the correlation id of one, or its trace id where application.follow is trace',
    );
  else
    for (const hop of pathOf(history.header).filter(({ logs }) => logs))
      if (!held.some(({ service }) => service === loggedNameOf(hop)))
        findings.unknown(`lines of ${lineNameOf(hop)}`, "on the nodes' disks", 'none of a canary request');
  return judgeLines(history, findings, held);
}

function goneOf(history: History, pods: readonly string[]): number {
  const read = new Set(all(history, 'disk').map(({ pod }) => pod));
  return new Set(pods.filter((pod) => !read.has(pod))).size;
}

/** An unread log of a service may hold lines that the store lacks. Writers are exempt: their lines are compared with the plan. */
function unreadFindings(history: History, findings: Findings): void {
  for (const { container, pod, node, reason } of all(history, 'disk-unread')) {
    if (container === LINE_WRITER) continue;
    const subject = `lines of ${container} (${pod} on node ${node})`;
    findings.unknown(
      subject,
      'every line of a canary request in the store',
      `its log cannot be read: ${reason}`,
    );
  }
}

export const judge: CheckJudge = {
  judge: judgeLogsUnderFault,
  evidence: (header) => [
    canaryRequestsSent(header),
    ...nodesWriting(header, mostWritersIn(header)),
    ...DISKS,
    ...OF_THE_FAULT,
    storeSwept('logs'),
    need('line'),
  ],
  trial: true,
};
