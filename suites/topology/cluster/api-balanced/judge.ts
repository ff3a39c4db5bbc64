import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all, last } from '../../../../reports/judge/observed.ts';
import { percentAtLeast, percentDeclared } from '../../../../reports/judge/slo/percent.ts';
import { mayLead, storesOf } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';

/** One failed request must weigh no more than the goal's allowance: 100 requests for 99 %. */
const LEAST_REQUESTS = 100;

/** An unanswered request is given up after the time-out `connect`. Its line is written at most this much later. */
const WRITTEN_MS = 2000;

export const judge: CheckJudge = {
  judge: judgeApiBalanced,
  evidence: ({ settings }) => {
    if (settings.controlPlane === undefined) return [];
    const { nodes } = settings.controlPlane;
    const stores = storesOf(settings).map(([name]) => name);
    const leaders = stores.map((store) =>
      need('store-leader', {
        where: (seen) => seen.store === store,
        count: nodes + 2,
        what: `observations of the leader of ${store}`,
      }),
    );
    return [
      need('api-server', {
        count: nodes,
        where: ({ when }) => when === 'before',
        what: 'answers of API servers before any was taken down',
      }),
      need('api-server', {
        count: nodes,
        where: ({ when }) => when === 'again',
        what: 'answers of API servers, each after its own outage',
      }),
      need('server-down', { count: nodes, absent: 'fail' }),
      need('server-start', { count: nodes }),
      need('api-request', {
        count: nodes * LEAST_REQUESTS,
        what: "requests that this check sent to the clients' address",
      }),
      need('api-requests', { what: 'the number of requests' }),
      ...leaders,
    ];
  },
};

/** The address that clients use answers while any one API server is down, every server answers, and no store notices. */
function judgeApiBalanced(history: History): Judgement {
  const findings = new Findings(history);
  const { controlPlane: declared } = history.header.settings;
  const goal = findings.goal('answeredRatio');
  findings.rule('servers');
  servers(history, findings);
  findings.rule('requests');
  counted(history, findings);
  const downs = all(history, 'server-down');
  for (const down of downs) window(history, findings, { down, goal });
  if (declared !== undefined && downs.length < declared.nodes) {
    findings.absent(
      `outage of ${declared.nodes - downs.length} API servers`,
      `each of ${declared.nodes} taken down in turn`,
    );
  }
  findings.rule('leaders');
  leaders(history, findings);
  return findings.conclude(
    `≥ ${percentDeclared(goal)} % of requests to the clients' address answered while each API server in turn is down; no store's leader changes`,
  );
}

/** Every server answers by itself before all outages and after its own; each was down once. */
function servers(history: History, findings: Findings): void {
  const found = all(history, 'api-server');
  const names = (when: 'before' | 'again'): string[] =>
    found.filter((one) => one.when === when).map(({ node }) => node);
  findings.eachOnce('API servers', [...new Set(names('before'))], names('before'));
  const downs = all(history, 'server-down').map(({ node }) => node);
  for (const [what, recorded] of [
    ['outages of API servers', downs],
    ['ends of outages', all(history, 'server-start').map(({ node }) => node)],
    ['API servers after their outage', names('again')],
  ] as const)
    findings.eachOnce(what, downs.length === 0 ? [] : names('before'), recorded);
  for (const again of found.filter(({ when }) => when === 'again'))
    findings.sound(
      `answer of ${again.node}`,
      isAfterOwn(history, again),
      'after its own outage',
      'at another time',
    );
  for (const { node, address, ok, detail } of found)
    findings.expect(`API server ${node} at ${address}`, ok, 'answers /readyz itself', detail);
}

/** After the end of its own outage, and before the next one's begin. */
function isAfterOwn(history: History, { node, t }: Seen<'api-server'>): boolean {
  const start = all(history, 'server-start').find((one) => one.node === node)?.t ?? Infinity;
  return t >= start && !all(history, 'server-down').some((down) => down.t > start && down.t < t);
}

/** Requests are numbered from 1 without gaps, were sent in that order, and are as many as the generator counted. */
function counted(history: History, findings: Findings): void {
  const requests = all(history, 'api-request').sort((a, b) => a.n - b.n);
  const total = last(history, 'api-requests');
  const limitMs = (history.header.settings.timeouts?.['connect'] ?? Number.NaN) + WRITTEN_MS;
  const stray = requests.find(
    (one, i) =>
      one.n !== i + 1 ||
      one.sentMs < (requests[i - 1]?.sentMs ?? history.header.anchor.monoMs) ||
      one.sentMs > one.t ||
      !(one.t - one.sentMs <= limitMs),
  );
  findings.sound(
    'requests',
    stray === undefined,
    'numbered without gaps, in order of time',
    `request number ${stray?.n ?? 0} has an unexpected number or time`,
  );
  findings.agree('requests', total?.sent ?? null, requests.length);
  findings.agree('answers', total?.answered ?? null, requests.filter(({ ok }) => ok).length);
}

/** Requests sent between the proof that a server is down and the order to start it again. */
function window(
  history: History,
  findings: Findings,
  { down, goal }: { down: Seen<'server-down'>; goal: number },
): void {
  const subject = `clients' address while the API server of ${down.node} is down`;
  if (!down.proved) {
    findings.unknown(subject, 'that server to refuse connections', down.detail || 'it never went down');
    return;
  }
  const end = all(history, 'server-start').find(({ node }) => node === down.node)?.t ?? Infinity;
  findings.sound(
    `outage of ${down.node}`,
    down.t < end,
    'its end after its beginning',
    'its end before its beginning',
  );
  const requests = all(history, 'api-request').filter(({ sentMs }) => sentMs >= down.t && sentMs < end);
  const ok = requests.filter((request) => request.ok).length;
  const share = requests.length === 0 ? 0 : ok / requests.length;
  findings.figure({
    name: `answered without ${down.node}`,
    value: percentAtLeast(share, 2),
    unit: '%',
    goal: `≥ ${percentDeclared(goal)}`,
  });
  const sentence = `${ok} of ${requests.length} answered`;
  if (requests.length < LEAST_REQUESTS && share >= goal)
    findings.unknown(subject, `${LEAST_REQUESTS} requests or more`, sentence);
  else findings.expect(subject, share >= goal, `≥ ${percentDeclared(goal)} %`, sentence);
}

function leaders(history: History, findings: Findings): void {
  const byStore = Map.groupBy(all(history, 'store-leader'), ({ store }) => store);
  const outages = all(history, 'server-down').map(({ node }) => node);
  for (const [store, looks] of byStore) {
    findings.eachOnce(
      `looks at who leads ${store}`,
      ['before', ...outages, 'after'],
      looks.map(({ when }) => when ?? ''),
    );
    const names = looks.map(({ leader }) => leader);
    const declared = history.header.settings.stores?.[store];
    const stray = declared && names.find((name) => !mayLead(name, declared));
    findings.sound(`leader of ${store}`, stray === undefined, `a pod of ${store}`, stray ?? '');
    const changed = new Set(names).size > 1;
    findings.expect(`leader of ${store}`, !changed, `stays ${names[0] ?? 'the same'}`, names.join(' → '));
  }
}
