import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all, last } from '../../../../reports/judge/observed.ts';
import { percentAtLeast, percentDeclared } from '../../../../reports/judge/slo/percent.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import { listedNodes } from '../../../../reports/judge/topology/nodes.ts';
import type { History, HistoryHeader } from '../../../../reports/record/history/history.ts';
import type { HeaderSettings } from '../../../../reports/record/settings.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { CLIENTS_ADDRESS, kubeletName, serverName } from '../../../../reports/record/names/topology-names.ts';
import { NODE_SUBJECT } from './observations.ts';

const DAY_MS = 86_400_000;

/**
 * Subject of a certificate that kubelet got from the cluster (signer kubernetes.io/kubelet-serving). It renews it at a moment between 70 % and
 * 90 % of its lifetime, however short that is: client-go, util/certificate/certificate_manager.go, jitteryDuration.
 */
const nodeSubject = (node: string): string => `${NODE_SUBJECT}${node}`;

export const judge: CheckJudge = {
  judge: judgeVersions,
  evidence: ({ settings }) => [
    need('api-version', { what: "the API server's version" }),
    need('api-pod', apiPods(settings)),
  ],
};

/** As many as the declared control plane has nodes. Where none is declared they are not looked for, as of a provider that hides them. */
function apiPods({ controlPlane }: HeaderSettings): { count: number; what?: string } {
  if (controlPlane !== undefined) return { count: controlPlane.nodes };
  return { count: 0, what: 'pods of API servers (none is needed: topology.controlPlane is not declared)' };
}

/** Kubelets are within the version skew, served certificates do not expire soon, and declared ones have the right signer and name. */
function judgeVersions(history: History): Judgement {
  const findings = new Findings(history);
  const [behind, days] = [findings.goal('maxMinorSkew'), findings.goal('minDays')];
  findings.rule('kubelets');
  kubelets(history, findings, behind);
  findings.rule('certificates');
  certificates(history, findings, days);
  return findings.conclude(
    `kubelets at most ${behind} minor versions behind; served certificates valid for ${days} days or more, what kubelets renew for their share`,
  );
}

function kubelets(history: History, findings: Findings, behind: number): void {
  const server = last(history, 'api-version');
  const found = all(history, 'kubelet');
  findings.each(
    listedNodes(history, findings).map((name) => [name, name]),
    found,
    {
      key: ({ node }) => node,
      what: 'kubelet',
      expected: 'a version',
      missing: 'unknown',
      strange: 'ignore',
    },
  );
  const virtual = found.filter((one) => one.virtual === true);
  if (virtual.length > 0) {
    const named = virtual.map(({ node, version }) => `${node} (${version})`).join(', ');
    findings.note(`virtual kubelets have versions of their own, and were not compared: ${named}`);
  }
  if (last(history, 'nodes') === undefined)
    findings.unknown('kubelets', 'those of all nodes', 'the nodes could not be listed');
  else if (found.length === 0) findings.absent('kubelets', 'at least one node');
  if (server === undefined) return;
  const compared = found.filter((one) => one.virtual !== true);
  const lags = compared.map(({ version }) => minorOf(server.version) - minorOf(version));
  compared.forEach(({ node, version }, i) => {
    const lag = lags[i] ?? Number.NaN;
    findings.expect(
      `kubelet of ${node}`,
      lag >= 0 && lag <= behind,
      `0 to ${behind} minors behind ${server.version}`,
      version,
    );
  });
  const most = lags.length === 0 ? null : Math.max(0, ...lags);
  findings.figure({ name: 'kubelet minors behind', value: most, goal: `≤ ${behind}` });
}

function minorOf(version: string): number {
  const found = /^v?(\d+)\.(\d+)/.exec(version);
  return found ? Number(found[1]) * 1000 + Number(found[2]) : Number.NaN;
}

/** Endpoints whose certificate must have been read. */
function endpointsOf(history: History): string[] {
  const { apiAddress, certificates: declared = [], reach } = history.header.settings;
  return [
    ...(apiAddress === undefined ? [] : [CLIENTS_ADDRESS]),
    ...declared.map(({ name }) => name),
    ...(reach === 'port-forward' ? [] : atNodes(history)),
  ];
}

/** Those at the addresses of nodes. */
function atNodes(history: History): string[] {
  const kubelets = all(history, 'kubelet').filter(({ address }) => address !== null);
  return [
    ...all(history, 'api-pod').map(({ node }) => serverName(node)),
    ...kubelets.map(({ node }) => kubeletName(node)),
  ];
}

/** What must be left of a certificate that its kubelet renews by itself. */
interface Renewed {
  /** Days. */
  needed: number;
  /** Days of the whole lifetime. */
  lifetime: number;
}

/** Certificates that kubelets renew by themselves, and whose lifetime is so short that its share is less than what any other must have left. */
function renewedOf(
  history: History,
  findings: Findings,
  least: number,
): ReadonlyMap<Seen<'certificate'>, Renewed> {
  const own = new Map(all(history, 'kubelet').map(({ node }) => [kubeletName(node), nodeSubject(node)]));
  const found = all(history, 'certificate').filter(
    ({ subject, issuedTo }) => typeof issuedTo === 'string' && issuedTo === own.get(subject),
  );
  const share = found.length === 0 ? 0 : findings.goal('kubeletLifetimeShare');
  return new Map(
    found.flatMap((one) => {
      const lifetime = (Date.parse(one.validTo ?? '') - Date.parse(one.validFrom ?? '')) / DAY_MS;
      const needed = share * lifetime;
      return lifetime > 0 && needed < least ? [[one, { needed, lifetime }] as const] : [];
    }),
  );
}

function certificates(history: History, findings: Findings, least: number): void {
  const found = all(history, 'certificate');
  const renewed = renewedOf(history, findings, least);
  const held = {
    what: 'certificate',
    expected: 'a TLS handshake',
    missing: 'unknown',
    strange: 'ignore',
  } as const;
  findings.each(
    endpointsOf(history).map((name) => [name, name]),
    found,
    { key: ({ subject }) => subject, ...held },
  );
  for (const one of found)
    certificate(history.header, findings, one, { least, renewed: renewed.get(one) ?? null });
  if (history.header.settings.reach === 'port-forward')
    findings.note(
      'certificates of kubelets, and of API servers at the addresses of their nodes, were not looked at: cluster.reach: port-forward',
    );
  if (found.length === 0)
    findings.unknown(
      'served certificates',
      'at least one, such as that at apiAddress',
      'no endpoint was contacted',
    );
  const { header } = history;
  const shares = [...renewed].map(([one, { lifetime }]) => daysLeft(header, one) / lifetime);
  if (shares.length > 0)
    findings.figure({
      name: 'least lifetime left of what kubelets renew',
      value: percentAtLeast(Math.min(...shares), 1),
      unit: '%',
      goal: `≥ ${percentDeclared(header.goals.kubeletLifetimeShare ?? 0)}`,
    });
  const others = found.filter((one) => one.validTo !== null && !renewed.has(one));
  const ends = [...others, ...found.flatMap((one) => sentBehind(header, one))];
  const shortest = Math.min(...ends.map((one) => daysLeft(header, one)));
  findings.figure({
    name: 'shortest certificate',
    value: Number.isFinite(shortest) ? Math.round(shortest * 10) / 10 : null,
    unit: 'days',
    goal: `≥ ${least}`,
  });
}

type Ending = Pick<Seen<'certificate'>, 't' | 'validTo'>;

/**
 * What was sent behind a certificate and its clients may need. Where one of them has ended and the chain is accepted, clients go another way, as
 * around an old root that signed a new one.
 */
function sentBehind(
  header: HistoryHeader,
  { t, chain, chainOk }: Seen<'certificate'>,
): (Ending & { issuedTo: string })[] {
  return chain.map((one) => ({ t, ...one })).filter((one) => chainOk !== true || daysLeft(header, one) > 0);
}

/** Days from the handshake to the certificate's end. */
function daysLeft(header: HistoryHeader, one: Ending): number {
  return (Date.parse(one.validTo ?? '') - wallOf(header, one)) / DAY_MS;
}

function wallOf({ anchor }: HistoryHeader, { t }: { t: number }): number {
  return Date.parse(anchor.wall) + t - anchor.monoMs;
}

function certificate(
  header: HistoryHeader,
  findings: Findings,
  one: Seen<'certificate'>,
  { least, renewed }: { least: number; renewed: Renewed | null },
): void {
  const subject = `certificate of ${one.subject} at ${one.address}`;
  const declared = header.settings.certificates?.find(({ name }) => name === one.subject);
  const days = declared?.minDays ?? least;
  if (one.validTo === null || one.validFrom === null) {
    findings.unknown(subject, 'a TLS handshake', one.detail);
    return;
  }
  const { needed, lifetime } = renewed ?? { needed: days, lifetime: null };
  const wanted = lifetime === null ? `${needed}` : `${needed.toFixed(1)} of its ${lifetime.toFixed(1)}`;
  const left = daysLeft(header, one);
  findings.expect(subject, left >= needed, `valid for ${wanted} days or more`, `${left.toFixed(1)} days`);
  judgeBehind(header, findings, one, days);
  const begun = Date.parse(one.validFrom) <= wallOf(header, one);
  findings.expect(`begin of ${subject}`, begun, 'past', 'not yet');
  if (declared === undefined) return;
  demanded(findings, `chain of ${subject}`, one.chainOk, {
    expected: 'signed by the declared trusted authority',
    detail: one.detail,
  });
  demanded(findings, `name in ${subject}`, one.nameOk, {
    expected: `issued for ${declared.serverName ?? declared.host}`,
    detail: one.detail,
  });
}

function judgeBehind(
  header: HistoryHeader,
  findings: Findings,
  one: Seen<'certificate'>,
  days: number,
): void {
  for (const sent of sentBehind(header, one)) {
    const name = `${sent.issuedTo}, sent behind certificate of ${one.subject} at ${one.address}`;
    const left = daysLeft(header, sent);
    findings.expect(name, left >= days, `valid for ${days} days or more`, `${left.toFixed(1)} days`);
  }
}

function demanded(
  findings: Findings,
  subject: string,
  ok: boolean | null,
  { expected, detail }: { expected: string; detail: string },
): void {
  if (ok === null) findings.unknown(subject, expected, detail);
  else findings.expect(subject, ok, expected, detail);
}
