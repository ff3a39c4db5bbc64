import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { all, last } from '../../../../reports/judge/observed.ts';
import { clocksRule } from '../../_judge/clocks.ts';
import { isInside } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import { isolatedText, noteUnread } from '../../../../reports/judge/topology/isolation.ts';
import { listedNodes } from '../../../../reports/judge/topology/nodes.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import { atMost } from '../../../../reports/record/at-most.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import {
  PAGE_BYTES,
  REACHED_AGAIN,
  REACHED_AT_ONCE,
  SAMPLED_NODES,
} from '../../../../reports/record/names/topology-names.ts';

export const judge: CheckJudge = { judge: judgeReachability };

/** Over every planned pair of nodes pods reach pods, a Service and the cluster DNS without a lost request; the declared plugin is there. */
function judgeReachability(history: History): Judgement {
  const findings = new Findings(history);
  const nodes = planned(history, findings);
  const families = new Map(all(history, 'reach-families').map((one) => [one.node, one.families]));
  const pairs = nodes.flatMap((from) =>
    nodes
      .filter((to) => to !== from)
      .flatMap((to) => [
        pairName(from, to),
        ...furtherOf(families, from, to).map((family) => pairName(from, to, family)),
      ]),
  );
  findings.rule('pairs');
  each(history, findings, {
    wanted: pairs,
    found: all(history, 'reach-pair').map((one) => ({
      ...one,
      subject: pairName(one.from, one.to, one.family),
    })),
    expected: 'an answer from the pod there',
    isolated: isolatedText(history),
  });
  for (const [kind, name, expected] of [
    ['reach-service', 'Service', 'an answer through the Service'],
    ['reach-dns', 'cluster DNS', "the Service's address"],
  ] as const) {
    findings.rule(name);
    each(history, findings, {
      wanted: nodes.map((from) => pairName(from, name)),
      found: all(history, kind).map((one) => ({ ...one, subject: pairName(one.from, name) })),
      expected,
      // The cluster DNS is no canary: only what keeps them from sending excuses it.
      isolated: isolatedText(history, kind === 'reach-dns' ? 'egress' : 'both'),
      // Some requests to a Service come back to the pod that sends them, and no policy is asked about those.
      ...(kind === 'reach-service' && { isAnswered: ({ ok, lost }: Reached) => ok && lost === 0 }),
    });
  }
  outside(history, findings.rule('outside'), nodes);
  largePages(history, findings.rule('pages'));
  bursts(history, findings.rule('bursts'));
  noteUnread(history, findings);
  findings.rule('plugin');
  plugin(history, findings, nodes);
  clocksRule(history, findings, nodes);
  const listed = last(history, 'nodes')?.names.length ?? 0;
  findings.figure({ name: 'nodes covered', value: nodes.length, goal: listed });
  const times = all(history, 'reach-pair').map(({ firstMs }) => firstMs);
  const slowest = times.length === 0 ? null : Math.max(...times);
  findings.figure({ name: 'slowest pair', value: slowest, unit: 'ms' });
  return findings.conclude(
    'pod to pod over every pair of nodes, pod to Service, cluster DNS; the declared network plugin; clocks that agree',
  );
}

const pairName = (from: string, to: string, family?: string): string =>
  `${from} -> ${to}${family === undefined ? '' : ` (${family})`}`;

/** Families in which a pod is called beside that of its first address: those that both ends have. */
function furtherOf(families: ReadonlyMap<string, readonly string[]>, from: string, to: string): string[] {
  const own = families.get(from) ?? [];
  return (families.get(to) ?? []).slice(1).filter((family) => own.includes(family));
}

/** The planned nodes: all existing ones, or a sample of them of the right size. */
function planned(history: History, findings: Findings): string[] {
  findings.rule('plan');
  const listed = listedNodes(history, findings);
  const nodes = last(history, 'reach-plan')?.nodes ?? [];
  const wanted = Math.min(listed.length, SAMPLED_NODES);
  const known = new Set(nodes.filter((name) => listed.includes(name)));
  if (known.size < wanted) findings.unknown('the plan', `${wanted} of the listed nodes`, String(known.size));
  return nodes;
}

interface Reached extends Pick<Seen<'reach-dns'>, 'from' | 'ok' | 'asked' | 'lost' | 'detail'> {
  subject: string;
  family?: string | undefined;
}

/** Declared names alone: which a cluster must resolve, and whether any, is for its owners to say. */
function outside(history: History, findings: Findings, nodes: readonly string[]): void {
  const names = history.header.settings.network?.outsideNames ?? [];
  if (names.length === 0)
    findings.note('not judged: whether names outside of the cluster resolve (topology.network.outsideNames)');
  each(history, findings, {
    wanted: nodes.flatMap((from) => names.map((name) => pairName(from, name))),
    found: all(history, 'reach-outside').map((one) => ({ ...one, subject: pairName(one.from, one.name) })),
    expected: 'an address of the name',
    isolated: isolatedText(history, 'egress'),
  });
}

/** Of each address that answers one request after the other: a path may keep them, and drop some of many. */
function bursts(history: History, findings: Findings): void {
  const answering = all(history, 'reach-pair').filter(({ ok }) => ok);
  each(history, findings, {
    wanted: answering.map(({ from, to, family }) => pairName(from, to, family)),
    found: all(history, 'reach-burst').map((one) => ({
      ...one,
      ok: true,
      subject: pairName(one.from, one.to, one.family),
    })),
    expected: `an answer to each of ${REACHED_AT_ONCE} requests at once`,
    isolated: null,
  });
}

/** A small answer fits into one packet, and says nothing of a path that drops large ones. */
function largePages(history: History, findings: Findings): void {
  const pages = [
    ...all(history, 'reach-pair').map((one) => ({ ...one, name: pairName(one.from, one.to, one.family) })),
    ...all(history, 'reach-service').map((one) => ({ ...one, name: pairName(one.from, 'Service') })),
  ];
  for (const { name, ok, bytes = 0 } of pages)
    if (ok && bytes < PAGE_BYTES)
      findings.unknown(`page of ${name}`, `${PAGE_BYTES} bytes or more`, String(bytes));
}

/** Also after its first answer: a new policy takes a while until it drops anything. */
const isAnswered = ({ ok, asked, lost }: Reached): boolean => ok && lost < asked;

function each(
  history: History,
  findings: Findings,
  of: {
    wanted: string[];
    found: Reached[];
    expected: string;
    isolated: string | null;
    isAnswered?: (one: Reached) => boolean;
  },
): void {
  const { wanted, found, expected } = of;
  // All canaries have the same labels: a policy that let one request through lets all of its kind and family of addresses through.
  const answered = new Set(found.filter(of.isAnswered ?? isAnswered).map(({ family }) => family));
  findings.each(
    wanted.map((subject) => [subject, subject]),
    found,
    {
      key: ({ subject }) => subject,
      expected,
      missing: 'unknown',
      why: (subject) => whyNot(history, subject),
      strange: 'ignore',
    },
    (_subject, one) =>
      whole(findings, { ...one, isolated: answered.has(one.family) ? null : of.isolated }, expected),
  );
}

/**
 * The target answered once and then every time. A request lost after the first answer was lost on a path that was known to work. Of pods that a
 * NetworkPolicy isolates, where nothing of the kind was answered, what is lost is not known to be the network's.
 */
function whole(
  findings: Findings,
  { subject, ok, asked, lost, detail, isolated }: Reached & { isolated: string | null },
  expected: string,
): void {
  if (isolated !== null && (!ok || lost > 0))
    findings.unknown(subject, expected, `${detail || 'no answer'}; ${isolated}`);
  else if (!ok) findings.expect(subject, false, expected, detail || 'no answer');
  else if (lost > 0)
    // Each answer has a limit of time, which a machine that others use may miss now and then, and not every time.
    findings[lost < asked ? 'inTime' : 'expect'](
      subject,
      false,
      `${expected}, every time`,
      `${lost} of ${asked} lost: ${detail}`,
    );
  else if (asked < REACHED_AGAIN) findings.unknown(subject, `${REACHED_AGAIN} more requests`, `${asked}`);
  else findings.expect(subject, true, expected, 'answered');
}

/** Why a pair is unknown: its pod did not start or could not be reached. */
function whyNot(history: History, subject: string): string {
  const silent = all(history, 'reach-silent').find(({ node }) => subject.startsWith(`${node} ->`));
  return silent?.reason ?? 'not probed';
}

function plugin(history: History, findings: Findings, nodes: readonly string[]): void {
  const declared = history.header.settings.network?.cni;
  if (declared === undefined) return;
  const subject = `network plugin ${declared.name}`;
  if (declared.daemonSet === undefined) {
    addresses(history, findings, nodes);
    return;
  }
  const found = last(history, 'cni-daemonset');
  if (found === undefined)
    findings.absent(subject, `DaemonSet ${declared.daemonSet.namespace}/${declared.daemonSet.name}`);
  else findings.expect(subject, isEverywhere(history, found), 'Ready on every node', pluginText(found));
}

/** Its own count includes nodes that are not looked at: those of others, and those that have joined since. */
function isEverywhere(history: History, { ready, wanted, unready }: Seen<'cni-daemonset'>): boolean {
  if (wanted === 0 || unready === undefined) return wanted > 0 && ready === wanted;
  const own = last(history, 'nodes')?.names ?? [];
  return !own.some((node) => unready.includes(node));
}

function pluginText({ ready, wanted, unready = [] }: Seen<'cni-daemonset'>): string {
  return `${ready} of ${wanted}${unready.length === 0 ? '' : `, not on ${atMost(unready, MOST_NODES).join(', ')}`}`;
}

const MOST_NODES = 3;

/** A node has a block only where the cluster gives blocks to nodes (--allocate-node-cidrs); many plugins keep blocks of their own. */
const NO_BLOCK =
  'the node has none: declare topology.network.cni.daemonSet, by which a plugin is found that keeps its own blocks';

/** The addresses of our own pods, one on each node, lie in the node's own block. */
function addresses(history: History, findings: Findings, nodes: readonly string[]): void {
  const silent = all(history, 'reach-silent').map(({ node }) => node);
  const held = {
    what: 'address of a pod',
    expected: 'inside the podCIDR of the node',
    strange: 'ignore',
  } as const;
  findings.each(
    nodes.filter((node) => !silent.includes(node)).map((node) => [node, node]),
    all(history, 'pod-address'),
    { key: ({ node }) => node, missing: 'unknown', ...held },
  );
  for (const { node, ip, podCidrs } of all(history, 'pod-address')) {
    const subject = `address of a pod on ${node}`;
    if (podCidrs.length === 0) findings.unknown(subject, 'inside the podCIDR of the node', NO_BLOCK);
    else
      findings.expect(
        subject,
        podCidrs.some((cidr) => isInside(ip, cidr)),
        `inside ${podCidrs.join(', ')}`,
        ip,
      );
  }
}
