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
import {
  CLIENTS_ADDRESS,
  KUBELET_PORT,
  kubeletName,
  serverName,
} from '../../../../reports/record/names/topology-names.ts';
import { NODE_SUBJECT } from './observations.ts';

const DAY_MS = 86_400_000;

/**
 * Subject of a certificate that kubelet got from the cluster (signer kubernetes.io/kubelet-serving). It renews it at a moment between 70 % and
 * 90 % of its lifetime, however short that is: client-go, util/certificate/certificate_manager.go, jitteryDuration.
 */
const nodeSubject = (node: string): string => `${NODE_SUBJECT}${node}`;

/** Tolerance: time between the handshake and its line in the history. */
const AGREE_DAYS = 0.01;

export const judge: CheckJudge = {
  judge: judgeVersions,
  evidence: ({ settings }) => [
    need('nodes', { what: 'a list of the nodes' }),
    need('api-version', { what: "the API server's version" }),
    need('api-pod', apiPods(settings)),
    need('certificate', {
      subjects: (settings.certificates ?? []).map(({ name }) => name),
      of: ({ subject }) => subject,
    }),
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

/** Endpoints whose certificate must have been read, with their addresses. */
function endpointsOf(history: History): Map<string, string> {
  const { apiAddress, certificates: declared = [], reach } = history.header.settings;
  return new Map([
    ...(apiAddress === undefined ? [] : [[CLIENTS_ADDRESS, apiAddress] as const]),
    ...declared.map(({ name, host, port }) => [name, `${host}:${port}`] as const),
    ...(reach === 'port-forward' ? [] : atNodes(history)),
  ]);
}

/** Those at the addresses of nodes. */
function atNodes(history: History): [string, string][] {
  return [
    ...all(history, 'api-pod').map(({ node, address }) => [serverName(node), address] as [string, string]),
    ...all(history, 'kubelet').flatMap(({ node, address }): [string, string][] =>
      address === null ? [] : [[kubeletName(node), `${address}:${KUBELET_PORT}`]],
    ),
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
  const endpoints = endpointsOf(history);
  const found = all(history, 'certificate');
  const renewed = renewedOf(history, findings, least);
  findings.eachOnce(
    'certificates',
    [...endpoints.keys()],
    found.map(({ subject }) => subject),
  );
  for (const one of found) {
    findings.agree(`address of ${one.subject}`, endpoints.get(one.subject) ?? null, one.address);
    certificate(history.header, findings, one, { least, renewed: renewed.get(one) ?? null });
  }
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
  const shares = [...renewed].map(([{ daysLeft }, { lifetime }]) => (daysLeft ?? 0) / lifetime);
  if (shares.length > 0)
    findings.figure({
      name: 'least lifetime left of what kubelets renew',
      value: percentAtLeast(Math.min(...shares), 1),
      unit: '%',
      goal: `≥ ${percentDeclared(history.header.goals.kubeletLifetimeShare ?? 0)}`,
    });
  const shortest = Math.min(
    ...found.filter((one) => !renewed.has(one)).flatMap(({ daysLeft }) => daysLeft ?? []),
  );
  findings.figure({
    name: 'shortest certificate',
    value: Number.isFinite(shortest) ? Math.round(shortest * 10) / 10 : null,
    unit: 'days',
    goal: `≥ ${least}`,
  });
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
  if (one.validTo === null || one.daysLeft === null) {
    findings.unknown(subject, 'a TLS handshake', one.detail);
    return;
  }
  const wallMs = Date.parse(header.anchor.wall) + one.t - header.anchor.monoMs;
  const left = (Date.parse(one.validTo) - wallMs) / DAY_MS;
  findings.sound(subject, Math.abs(left - one.daysLeft) < AGREE_DAYS, `${left} days`, `${one.daysLeft} days`);
  const lasting = renewed ?? { needed: days, lifetime: null };
  validity(findings, subject, { one, wallMs, left, ...lasting });
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

interface Validity {
  one: Seen<'certificate'>;
  /** At the handshake. */
  wallMs: number;
  /** Days. */
  left: number;
  needed: number;
  /** Days; null where the whole lifetime decides nothing. */
  lifetime: number | null;
}

/** From its begin, which has passed, for long enough. */
function validity(
  findings: Findings,
  subject: string,
  { one: { begun, validFrom = null }, wallMs, left, needed, lifetime }: Validity,
): void {
  const wanted = lifetime === null ? `${needed}` : `${needed.toFixed(1)} of its ${lifetime.toFixed(1)}`;
  findings.expect(subject, left >= needed, `valid for ${wanted} days or more`, `${left.toFixed(1)} days`);
  findings.expect(`begin of ${subject}`, begun === true, 'past', 'not yet');
  if (validFrom !== null)
    findings.agree(`begin of ${subject}`, String(Date.parse(validFrom) <= wallMs), String(begun));
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
