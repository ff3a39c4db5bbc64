import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, seen, setting, text } from './findings.ts';

/** The declared number of Ready control-plane nodes, and an etcd of that many voting, healthy members with one leader. */
export function judgeControlPlane(history: History): Judgement {
  const findings = new Findings(history);
  const declared = setting(history, 'controlPlane') as { nodes: number; etcdMembers: number } | undefined;
  if (declared === undefined) return findings.conclude('a declared control plane');
  nodes(history, findings, declared.nodes);
  members(history, findings, declared.etcdMembers);
  return findings.conclude(
    `${declared.nodes} Ready control-plane nodes; etcd with ${declared.etcdMembers} voting, healthy members and one leader`,
  );
}

function nodes(history: History, findings: Findings, wanted: number): void {
  const found = seen(history, 'node');
  for (const node of found)
    findings.expect(
      `node ${text(node, 'name')}`,
      node['ready'] === true,
      'Ready',
      node['ready'] === true ? 'Ready' : 'not Ready',
    );
  const missing = found.length < wanted;
  if (missing) findings.absent(`control-plane nodes beyond ${found.length}`, String(wanted));
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
  const found = seen(history, 'etcd-member');
  const voting = found.filter((member) => member['learner'] !== true);
  const healthy = found.filter((member) => member['healthy'] === true);
  findings.figure({ name: 'etcd voting members', value: voting.length, goal: wanted });
  findings.figure({ name: 'etcd healthy members', value: healthy.length, goal: wanted });
  if (found.length === 0) {
    findings.absent('etcd', `${wanted} members`);
    return;
  }
  for (const member of found) {
    const subject = `etcd member ${text(member, 'name') || text(member, 'id')}`;
    findings.expect(
      subject,
      member['healthy'] === true,
      'healthy',
      member['healthy'] === true ? 'healthy' : text(member, 'error') || 'not healthy',
    );
  }
  findings.expect(
    'etcd voting members',
    voting.length === wanted,
    String(wanted),
    `${voting.length} of ${found.length} members vote`,
  );
  const leaders = new Set(
    found.map((member) => text(member, 'leader')).filter((leader) => leader !== '' && leader !== '0'),
  );
  findings.expect(
    'etcd leader',
    leaders.size === 1,
    'one leader on which all agree',
    leaders.size === 1 ? [...leaders].join() : `${leaders.size} leaders`,
  );
}
