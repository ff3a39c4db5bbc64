import type { History, Observation } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, goalNumber, number, seen, setting, text } from './findings.ts';

const MIN_AVAILABILITY = 0.99;
/** One failed request must weigh no more than the goal's allowance: 100 requests for 99 %. */
const LEAST_REQUESTS = 100;

/** The address that clients use answers while any one API server is down, every server answers, and no store notices. */
export function judgeApiBalanced(history: History): Judgement {
  const findings = new Findings(history);
  const declared = setting(history, 'controlPlane') as { nodes: number } | undefined;
  const goal = goalNumber(history, 'answeredRatio', MIN_AVAILABILITY);
  for (const server of seen(history, 'api-server')) {
    findings.expect(
      `API server ${text(server, 'node')} at ${text(server, 'address')}`,
      server['ok'] === true,
      'answers /readyz itself',
      text(server, 'detail'),
    );
  }
  const downs = seen(history, 'server-down');
  for (const down of downs) window(history, findings, { down, goal });
  if (declared !== undefined && downs.length < declared.nodes) {
    findings.absent(
      `outage of ${declared.nodes - downs.length} API servers`,
      `each of ${declared.nodes} taken down in turn`,
    );
  }
  leaders(history, findings);
  return findings.conclude(
    `≥ ${goal * 100} % of requests to the clients' address answered while each API server in turn is down; no store's leader changes`,
  );
}

/** Requests whose answer fell between the proof that a server is down and the order to start it again. */
function window(history: History, findings: Findings, of: { down: Observation; goal: number }): void {
  const node = text(of.down, 'node');
  const subject = `clients' address while the API server of ${node} is down`;
  if (of.down['proved'] !== true) {
    findings.unknown(
      subject,
      'that server refusing connections',
      text(of.down, 'detail') || 'it never went down',
    );
    return;
  }
  const end =
    seen(history, 'server-start').find((start) => text(start, 'node') === node)?.t ??
    Number.POSITIVE_INFINITY;
  const requests = seen(history, 'request').filter(
    (request) => number(request, 'sentMs') >= of.down.t && number(request, 'sentMs') < end,
  );
  const ok = requests.filter((request) => request['ok'] === true).length;
  const share = requests.length === 0 ? 0 : ok / requests.length;
  findings.figure({
    name: `answered without ${node}`,
    value: Math.round(share * 10_000) / 100,
    unit: '%',
    goal: of.goal * 100,
  });
  const sentence = `${ok} of ${requests.length} answered`;
  if (requests.length < LEAST_REQUESTS && share >= of.goal)
    findings.unknown(subject, `${LEAST_REQUESTS} requests or more`, sentence);
  else findings.expect(subject, share >= of.goal, `≥ ${of.goal * 100} %`, sentence);
}

function leaders(history: History, findings: Findings): void {
  const byStore = new Map<string, string[]>();
  for (const leader of seen(history, 'store-leader')) {
    const known = byStore.get(text(leader, 'store')) ?? [];
    known.push(text(leader, 'leader'));
    byStore.set(text(leader, 'store'), known);
  }
  for (const [store, names] of byStore) {
    const changed = new Set(names).size > 1;
    findings.expect(`leader of ${store}`, !changed, `stays ${names[0]}`, names.join(' → '));
  }
}
