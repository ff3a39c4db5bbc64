import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import { all } from '../../../reports/judge/observed.ts';
import { byName, every, ofWorkload } from '../../../reports/judge/topology/containers.ts';
import { exemption } from '../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import { atMost } from '../../../reports/record/at-most.ts';
import type { History } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { NOBODY } from './nobody.ts';

export const judge: CheckJudge = {
  judge: judgeRights,
  evidence: (header) => [
    need('roles-read', {
      where: ({ roles, bindings }) => roles > 0 && bindings > 0,
      what: 'roles and bindings',
    }),
    need('workload-account', {
      subjects: byName(every(header)).map(([name]) => name),
      of: ofWorkload,
      what: 'the account',
    }),
  ],
};

type Grant = Seen<'grant'>;
type Rule = NonNullable<Grant['rules']>[number];

const RBAC = 'rbac.authorization.k8s.io';
const READ = ['get', 'list', 'watch'];
const CHANGE = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** Rights that lead to more of them (Kubernetes, "Role Based Access Control Good Practices", risks of privilege escalation). */
const LEADING: readonly {
  may: string;
  group: string;
  resources: readonly string[];
  verbs: readonly string[];
}[] = [
  { may: 'read Secrets', group: '', resources: ['secrets'], verbs: READ },
  {
    may: 'run commands in pods',
    group: '',
    resources: ['pods/exec', 'pods/attach', 'pods/ephemeralcontainers'],
    verbs: ['get', 'create', 'update', 'patch'],
  },
  { may: 'ask kubelets', group: '', resources: ['nodes/proxy'], verbs: ['get', ...CHANGE] },
  { may: 'take tokens of accounts', group: '', resources: ['serviceaccounts/token'], verbs: ['create'] },
  {
    may: 'be somebody else',
    group: '',
    resources: ['users', 'groups', 'serviceaccounts'],
    verbs: ['impersonate'],
  },
  {
    may: 'give rights that it has not',
    group: RBAC,
    resources: ['roles', 'clusterroles'],
    verbs: ['escalate', 'bind'],
  },
  {
    may: 'approve certificates',
    group: 'certificates.k8s.io',
    resources: ['certificatesigningrequests/approval'],
    verbs: ['update', 'patch'],
  },
  {
    may: 'change webhooks of admission',
    group: 'admissionregistration.k8s.io',
    resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    verbs: CHANGE,
  },
];

const EXPECTED = 'no right that leads to more';
const MOST_NAMED = 10;

function judgeRights(history: History): Judgement {
  const findings = new Findings(history).rule('rights');
  const grants = Map.groupBy(all(history, 'grant'), ({ account }) => account);
  for (const { grants: told } of all(history, 'roles-read'))
    findings.agree('what bindings give', told, all(history, 'grant').length);
  const idle: string[] = [];
  findings.each(
    byName(every(history.header)),
    all(history, 'workload-account'),
    { key: ofWorkload, what: 'account', expected: 'an account', missing: 'unknown', strange: 'ignore' },
    (declared, { workload, account, token }) => {
      const own = grants.get(account) ?? [];
      if (token && own.every(({ by }) => isGivenToAll(by))) idle.push(workload);
      if (exemption(declared, history.header.check, '') !== null) return;
      const leading = own.flatMap(leadingText);
      findings.expect(
        `rights of ${workload}`,
        leading.length === 0,
        EXPECTED,
        leading.length === 0 ? EXPECTED : `${account} may ${atMost(leading, MOST_NAMED).join('; ')}`,
      );
      for (const { by } of own.filter(({ rules }) => rules === null))
        findings.note(`nothing is given by ${by}, which is not there`);
    },
  );
  if (idle.length > 0)
    findings.note(
      `tokens that nothing is bound to are mounted in ${atMost(idle, MOST_NAMED).join(', ')} (automountServiceAccountToken)`,
    );
  withoutCredentials(findings.rule('anonymous'), grants.get(NOBODY) ?? []);
  const judgement = findings.conclude('no workload may do what leads to more');
  return judgement.verdict === 'fail'
    ? {
        ...judgement,
        reason: `${judgement.reason} (an exception with a reason: topology.workloads[].exempt)`,
      }
    : judgement;
}

/** Bindings that come with every cluster, to all who have credentials. */
const isGivenToAll = (by: string): boolean => by.startsWith('ClusterRoleBinding system:');

/** What joining nodes read is in kube-public, for everybody. */
function withoutCredentials(findings: Findings, grants: readonly Grant[]): void {
  const given = grants.filter(
    ({ rules, namespace }) => (rules ?? []).length > 0 && namespace !== 'kube-public',
  );
  findings.expect(
    'rights of whoever has no credentials',
    given.length === 0,
    'none to objects but in kube-public',
    given.length === 0 ? 'none' : given.map(({ by }) => by).join(', '),
  );
}

/** In words: what a grant allows that leads to more, where, and by which binding. */
function leadingText({ by, namespace, rules }: Grant): string[] {
  const where = namespace === null ? 'everywhere' : `in ${namespace}`;
  const may = mayOf(rules ?? []);
  return may.length === 0 ? [] : [`${may.join(', ')} ${where} by ${by}`];
}

function mayOf(rules: readonly Rule[]): string[] {
  const open = rules.filter(({ names }) => names.length === 0);
  if (open.some((rule) => [rule.groups, rule.resources, rule.verbs].every((part) => part.includes('*'))))
    return ['do everything'];
  return LEADING.filter((one) => open.some((rule) => gives(rule, one))).map(({ may }) => may);
}

function gives(rule: Rule, { group, resources, verbs }: (typeof LEADING)[number]): boolean {
  const has = (given: readonly string[], wanted: string): boolean =>
    given.includes('*') || given.includes(wanted);
  return (
    has(rule.groups, group) &&
    verbs.some((verb) => has(rule.verbs, verb)) &&
    resources.some((one) => has(rule.resources, one) || rule.resources.includes(one.replace(/^.*\//, '*/')))
  );
}
