import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import { listedNodes } from '../../../../reports/judge/topology/nodes.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';

export const judge: CheckJudge = { judge: judgeControlPlane };

/** The declared number of Ready control-plane nodes, and an etcd of that many voting, healthy members with one leader. */
function judgeControlPlane(history: History): Judgement {
  const findings = new Findings(history);
  const { controlPlane: declared } = history.header.settings;
  if (declared === undefined) return findings.conclude('a declared control plane');
  findings.rule('nodes');
  nodes(history, findings, declared.nodes);
  findings.rule('etcd');
  members(history, findings, declared.etcdMembers);
  return findings.conclude(
    `${declared.nodes} Ready control-plane nodes; etcd with ${declared.etcdMembers} voting, healthy members and one leader`,
  );
}

function nodes(history: History, findings: Findings, wanted: number): void {
  const found = all(history, 'control-node');
  listedNodes(history, findings);
  for (const { name, ready } of found)
    findings.expect(`node ${name}`, ready, 'Ready', ready ? 'Ready' : 'not Ready');
  if (found.length < wanted) findings.absent(`control-plane nodes beyond ${found.length}`, String(wanted));
  else
    findings.expect(
      'number of control-plane nodes',
      found.length === wanted,
      String(wanted),
      String(found.length),
    );
  findings.figure({ name: 'control-plane nodes', value: found.length, goal: wanted });
}

function members(history: History, findings: Findings, wanted: number): void {
  const found = all(history, 'etcd-member');
  const voting = found.filter(({ learner }) => !learner);
  const healthy = found.filter((member) => member.healthy);
  findings.figure({ name: 'etcd voting members', value: voting.length, goal: wanted });
  findings.figure({ name: 'etcd healthy members', value: healthy.length, goal: wanted });
  if (found.length === 0) {
    findings.absent('etcd', `${wanted} members`);
    return;
  }
  for (const { id, name, healthy: ok, error } of found)
    findings.expect(`etcd member ${name || id}`, ok, 'healthy', ok ? 'healthy' : error || 'not healthy');
  findings.expect(
    'etcd voting members',
    voting.length === wanted,
    String(wanted),
    `${voting.length} of ${found.length} members vote`,
  );
  leader(history, findings);
}

/** All members that answer name the same leader, and that member says so itself. */
function leader(history: History, findings: Findings): void {
  const found = all(history, 'etcd-member');
  const named = new Set(found.flatMap(({ leader: id, healthy }) => id ?? (healthy ? ['nobody'] : [])));
  const leading = found.filter(({ leads }) => leads).map(({ id }) => id);
  const [one] = named;
  const agreed = named.size === 1 && leading.length === 1 && leading[0] === one;
  findings.expect(
    'etcd leader',
    agreed,
    'one leader, the same for all members',
    `members name ${[...named].join(', ') || 'nobody'} as leader; members that say that they lead: ${leading.join(', ') || 'none'}`,
  );
}
