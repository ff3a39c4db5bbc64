import type { History, Observation } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, number, seen, setting, text } from './findings.ts';

interface DeclaredEdge {
  markHeader: string;
  hops: { name: string; header: string; contains: string; stubFor?: string }[];
}

/** A marked request passes every hop in turn, over TLS that a client would accept. */
export function judgeEdgePath(history: History): Judgement {
  const findings = new Findings(history);
  const edge = setting(history, 'edge') as DeclaredEdge | undefined;
  for (const failed of seen(history, 'edge-failed')) {
    findings.expect(`request to ${text(failed, 'url')}`, false, 'an answer', text(failed, 'reason'));
  }
  for (const answer of seen(history, 'edge-answer'))
    if (edge !== undefined) judgeAnswer(findings, edge, answer);
  return findings.conclude(
    `a marked request passes ${edge?.hops.map((hop) => hop.name).join(' → ') ?? '(nothing declared)'}; TLS valid`,
  );
}

function judgeAnswer(findings: Findings, edge: DeclaredEdge, answer: Observation): void {
  const status = number(answer, 'status');
  findings.expect(
    `GET ${text(answer, 'url')}`,
    status >= 200 && status < 300,
    'a status of 2xx',
    String(status),
  );
  findings.expect(
    'TLS of the edge',
    answer['authorized'] === true,
    'a certificate that the declared authority signed for this name',
    text(answer, 'tlsError') || 'valid',
  );
  findings.expect(
    'the mark',
    text(answer, 'markSeen') === text(answer, 'markSent'),
    `${edge.markHeader}: ${text(answer, 'markSent')}`,
    text(answer, 'markSeen') || 'not in the answer',
  );
  const headers = (answer['headers'] ?? {}) as Record<string, string>;
  for (const hop of edge.hops) {
    const value = headers[hop.header.toLowerCase()] ?? '';
    findings.expect(
      `hop ${hop.name}`,
      value.includes(hop.contains),
      `${hop.header} with "${hop.contains}"`,
      value || 'no such header',
    );
  }
  findings.expect(
    'order of the hops',
    inOrder(edge, headers),
    edge.hops.map((hop) => hop.contains).join(', '),
    orderSeen(edge, headers),
  );
  findings.figure({ name: 'answer of the edge', value: Math.round(number(answer, 'ms')), unit: 'ms' });
}

/** Where several hops leave their marks in one header, they stand in the order in which the request passed. */
function inOrder(edge: DeclaredEdge, headers: Record<string, string>): boolean {
  const last = new Map<string, number>();
  return edge.hops.every((hop) => {
    const header = hop.header.toLowerCase();
    const at = (headers[header] ?? '').indexOf(hop.contains);
    const before = last.get(header) ?? -1;
    last.set(header, at);
    return at === -1 || at > before;
  });
}

function orderSeen(edge: DeclaredEdge, headers: Record<string, string>): string {
  return [...new Set(edge.hops.map((hop) => hop.header.toLowerCase()))]
    .map((name) => headers[name] ?? '')
    .join('; ');
}
