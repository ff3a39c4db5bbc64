import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import { REFUSAL_TEXTS, refusalIn, refusalOf } from '../../../../reports/record/refusals.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import type { HeaderSettings } from '../../../../reports/record/settings.ts';

type Edge = NonNullable<HeaderSettings['edge']>;

type Headers = Readonly<Record<string, string>>;

export const judge: CheckJudge = {
  judge: judgeEdgePath,
  evidence: () => [need('edge-answer', { what: 'an answer to a canary request' })],
};

/** A canary request passes every hop in turn, over TLS that a client would accept. */
function judgeEdgePath(history: History): Judgement {
  const findings = new Findings(history);
  const { edge, application } = history.header.settings;
  findings.rule('answer');
  for (const { url, reason } of all(history, 'edge-failed'))
    findings.expect(`request to ${url}`, false, 'an answer', reason);
  const answers = all(history, 'edge-answer');
  if (edge !== undefined) for (const answer of answers) judgeAnswer(findings, { edge, application }, answer);
  return findings.conclude(
    `a canary request passes ${edge?.hops.map((hop) => hop.name).join(' → ') ?? '(nothing declared)'}; TLS valid`,
  );
}

interface Declared {
  edge: Edge;
  application: HeaderSettings['application'];
}

function judgeAnswer(findings: Findings, { edge, application }: Declared, answer: Seen<'edge-answer'>): void {
  const { authorized, tlsError, headers } = answer;
  judgeContract(findings, application, answer);
  findings
    .rule('tls')
    .expect(
      'TLS of the edge',
      authorized,
      'a certificate that the declared authority signed for this name',
      tlsError || 'valid',
    );
  findings.sound(
    'TLS of the edge',
    !authorized || tlsError === '',
    'no error with an accepted certificate',
    tlsError,
  );
  if (turnedAway(application, answer) === null) judgeHops(findings, edge, headers);
  findings.figure({ name: 'answer of the edge', value: Math.round(answer.ms), unit: 'ms' });
}

const WITHHELD =
  'sent without application.credentials: they are not shown to a server whose certificate is not accepted';

/** Why an answer says nothing of the service; null: it does, or nothing says which answers are good. */
function turnedAway(
  application: HeaderSettings['application'],
  { status, ok, why, withheld }: Seen<'edge-answer'>,
): string | null {
  if (withheld === true) return ok ? null : WITHHELD;
  const isGood = application === undefined || application.statuses.look.includes(status);
  const refusal = isGood ? null : (refusalIn(why) ?? refusalOf(status));
  return refusal === null ? null : REFUSAL_TEXTS[refusal];
}

/** Not of a request that was turned away, or sent as nobody's: the hops behind whoever did that have not seen it. */
function judgeHops(findings: Findings, edge: Edge, headers: Headers): void {
  findings.rule('hops');
  for (const hop of edge.hops) {
    const value = headers[hop.header.toLowerCase()] ?? '';
    findings.expect(
      `hop ${hop.name}`,
      value.includes(hop.contains),
      `${hop.header} with "${hop.contains}"`,
      value || 'no such header',
    );
  }
  findings.expect('order of the hops', inOrder(edge, headers), orderDeclared(edge), orderSeen(edge, headers));
}

/** The answer that the contract has, and shown to be that of the service. */
function judgeContract(
  findings: Findings,
  application: HeaderSettings['application'],
  answer: Seen<'edge-answer'>,
): void {
  const { url, status, ok, why, correlationIdSent, correlationIdSeen } = answer;
  const what = `the request to ${url}`;
  if (application === undefined) {
    findings.unknown(what, 'a contract of the application', 'the history has none');
    return;
  }
  const { follow, statuses } = application;
  const away = turnedAway(application, answer);
  if (away !== null) {
    findings.rule('refused').unknown(what, `status ${statuses.look.join(' or ')}`, away);
    return;
  }
  findings.expect(
    what,
    statuses.look.includes(status),
    `status ${statuses.look.join(' or ')}`,
    String(status),
  );
  findings.rule('contract').expect(what, ok, 'an answer as application.requests.look has it', why || 'it is');
  if (typeof follow !== 'object') return;
  findings
    .rule('correlation-id')
    .expect(
      'the correlation id',
      correlationIdSent !== '' && correlationIdSeen === correlationIdSent,
      `${follow.echo}: ${correlationIdSent}`,
      correlationIdSeen || 'not in the answer',
    );
}

/**
 * Names in the order in which they stand where several hops leave theirs in this header: that in which the request passed. Only to `Via` each proxy
 * appends itself as the answer comes back (RFC 9110, 7.6.3), so that the hop nearest to the service stands first.
 */
function namesIn(header: string, edge: Edge): string[] {
  const names = edge.hops.filter((hop) => hop.header.toLowerCase() === header).map((hop) => hop.contains);
  return header === 'via' ? names.reverse() : names;
}

function inOrder(edge: Edge, headers: Headers): boolean {
  return headersOf(edge).every((header) => {
    const places = namesIn(header, edge).map((name) => (headers[header] ?? '').indexOf(name));
    return places.every((at, index) => at === -1 || at > (places[index - 1] ?? -1));
  });
}

function headersOf(edge: Edge): string[] {
  return [...new Set(edge.hops.map((hop) => hop.header.toLowerCase()))];
}

function orderDeclared(edge: Edge): string {
  return headersOf(edge)
    .map((header) => namesIn(header, edge).join(', '))
    .join('; ');
}

function orderSeen(edge: Edge, headers: Headers): string {
  return headersOf(edge)
    .map((name) => headers[name] ?? '')
    .join('; ');
}
