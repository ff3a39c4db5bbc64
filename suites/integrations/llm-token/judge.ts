import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import { all } from '../../../reports/judge/observed.ts';
import { nameOf, storesOf } from '../../../reports/judge/topology/declared.ts';
import type { DeclaredWorkload } from '../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import { podPattern } from '../../../reports/judge/workload-pods.ts';
import { declaredNamespaces } from '../../../reports/record/declared-namespaces.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import type { HeaderSettings } from '../../../reports/record/settings.ts';
import { memberNames, memberNamespace } from '../../../reports/record/facts/store-pods.ts';

const EXPECTED = "no line with the model's token";
const BEFORE = / \(before its restart\)$/;

type Counted = Pick<DeclaredWorkload, 'kind' | 'namespace' | 'name'> & { replicas: { min: number } };

/** `integrations/llm-token`: the model's token is in no log that was searched, and those of every declared workload and of the AI service were. */
function judgeLlmToken(history: History): Judgement {
  const found = new Findings(history).rule('scanned');
  for (const { reason } of all(history, 'key-scan-failed'))
    found.unknown('logs of the platform', EXPECTED, reason);
  for (const scan of all(history, 'key-scan')) {
    found.figure({ name: 'logs that were read', value: scan.logs.length });
    found.figure({ name: 'lines in them', value: scan.lines });
    expectNone(scan, found);
    expectRead(scan, found);
    expectEach(scan, found);
    expectNamespaces(history.header, scan, found);
    expectWorkloads(history.header, scan, found);
    expectServers(history.header, scan, found);
  }
  return found.conclude(
    "the model's token is in no log of the platform, its edge and what is declared elsewhere",
  );
}

function expectNone({ found: hits, logs }: Seen<'key-scan'>, found: Findings): void {
  found.rule('token');
  for (const { log, lines } of hits)
    found.expect(`log of ${log}`, false, EXPECTED, `${lines} of its lines hold it`);
  if (hits.length === 0 && logs.length > 0)
    found.expect('logs of the platform', true, EXPECTED, 'none in what was read');
}

function expectRead({ logs, lines, unread, cut }: Seen<'key-scan'>, found: Findings): void {
  found.rule('read');
  for (const { log, reason } of unread) found.unknown(`log of ${log}`, EXPECTED, reason);
  for (const log of cut)
    found.unknown(`log of ${log}`, EXPECTED, 'the log is so long that only a part of it was read');
  if (logs.length === 0) found.unknown('logs of the platform', EXPECTED, 'no log was read');
  else if (lines < logs.length)
    found.unknown(
      'logs of the platform',
      EXPECTED,
      lines > 0 ? `${logs.length} logs have ${lines} lines: most are empty` : 'every log is empty',
    );
}

/** There is a log of each container, or why it was not read. */
function expectEach({ containers, logs, unread }: Seen<'key-scan'>, found: Findings): void {
  const known = new Set([...logs, ...unread.map(({ log }) => log)].filter((log) => !BEFORE.test(log)));
  // Of pods that could not be listed nothing was counted.
  const counted = [...known].filter((log) => !log.startsWith('pods of ')).length;
  found.sound('containers that were searched', counted === containers, `${containers} logs`, `${counted}`);
}

/** Each namespace in which something is declared was searched. */
function expectNamespaces({ settings }: HistoryHeader, scan: Seen<'key-scan'>, found: Findings): void {
  found.rule('namespaces');
  for (const namespace of declaredNamespaces(settings))
    if (!scan.namespaces.includes(namespace))
      found.unknown(`logs in ${namespace}`, EXPECTED, 'this namespace was not searched');
}

/** Logs of at least the minimum of pods of each declared workload, and of one pod of the AI service. */
function expectWorkloads({ settings }: HistoryHeader, { logs }: Seen<'key-scan'>, found: Findings): void {
  found.rule('workloads');
  const declared = settings.topology?.workloads ?? [];
  const pods = [...new Set(logs.map((log) => log.split(' ')[0] ?? ''))];
  for (const workload of [...declared, ...serviceBeside(declared, settings)]) {
    const { min } = workload.replicas;
    const read = pods.filter((pod) => podPattern(workload).test(pod)).length;
    const expected = `logs of ${min} pods or more`;
    if (read >= min) found.expect(nameOf(workload), true, expected, `${read}`);
    else found.unknown(nameOf(workload), expected, `${read}`);
  }
}

/** The AI service, where no workload is declared for it. */
function serviceBeside(declared: readonly DeclaredWorkload[], { ai }: HeaderSettings): Counted[] {
  if (ai === undefined) return [];
  const { namespace, name } = ai.deployment;
  if (declared.some((one) => one.namespace === namespace && one.name === name)) return [];
  return [{ kind: 'Deployment', namespace, name, replicas: { min: 1 } }];
}

/** The log of the server of each store's member: to have read another container of its pod is not enough. */
function expectServers({ settings }: HistoryHeader, { logs }: Seen<'key-scan'>, found: Findings): void {
  for (const [store, declared] of storesOf(settings)) {
    const { container } = declared;
    const namespace = memberNamespace(declared);
    if (container === undefined || namespace === null) continue;
    const names = memberNames(declared, podsRead(logs, { namespace, container }));
    if (names === null) {
      expectMany({ store, namespace, container, members: declared.members }, logs, found);
      continue;
    }
    const wanted = names.map((pod) => `${namespace}/${pod} ${container}`);
    const missing = wanted.filter((log) => !logs.includes(log));
    found.sound(
      `servers of ${store}`,
      missing.length === 0,
      'the log of each',
      `none of ${missing.join(', ')}`,
    );
  }
}

/** Pods of whose container there is a log. */
function podsRead(logs: readonly string[], of: { namespace: string; container: string }): string[] {
  const [start, end] = [`${of.namespace}/`, ` ${of.container}`];
  return logs
    .filter((log) => log.startsWith(start) && log.endsWith(end))
    .map((log) => log.slice(start.length, -end.length));
}

/** Nothing names the members: as many logs of their container must have been read as there are members. */
function expectMany(
  of: { store: string; namespace: string; container: string; members: number },
  logs: readonly string[],
  found: Findings,
): void {
  const read = podsRead(logs, of);
  if (read.length >= of.members) return;
  found.unknown(
    `servers of ${of.store}`,
    `${of.members} logs of containers ${of.container}`,
    String(read.length),
  );
}

export const judge: CheckJudge = {
  judge: judgeLlmToken,
  evidence: () => [need('key-scan', { what: 'a scan of the logs' })],
};
