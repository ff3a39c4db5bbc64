import type { Environment } from '../../env/schema.ts';
import { openHistory } from '../../probes/history.ts';
import type { PodObject } from '../../probes/kubernetes/index.ts';
import { isMemberPod } from '../../probes/store/member-pods.ts';
import { podPattern } from '../../reports/judge/workload-pods.ts';
import { declaredNamespaces } from '../../reports/record/declared-namespaces.ts';
import type { Fields } from '../../reports/record/observations/index.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Last lines of a container's log that are read. */
const LINES = 200_000;
/** Bytes that are read: of a longer log kubelet leaves out the last lines. */
const MOST_BYTES = 64 << 20;
/** A shorter key would match unrelated text. */
const SHORTEST_KEY = 8;

/**
 * How kubelet says that it has no log from before a restart any more (`validateContainerLogStatus` in pkg/kubelet/kubelet_pods.go), or that the
 * container was removed (`GetContainerLogs` in pkg/kubelet/kuberuntime/kuberuntime_container.go).
 */
const NO_PREVIOUS = /previous terminated container .* not found|unable to retrieve container logs for \S/;
/** The second as the whole log: kubelet has then answered with 200 already. */
const REMOVED = /^unable to retrieve container logs for \S+\s*$/;

interface Log {
  namespace: string;
  pod: string;
  container: string;
  /** From before the container's restart. */
  previous: boolean;
}

/**
 * Looks for the model's token in logs, and appends what was found to `scan.ndjson`: where and in how many lines, never a line. Searched are those of
 * every container of the platform, its edge and the namespace of the AI service, and elsewhere those of what is declared. Because the token is read
 * here, it is redacted in histories.
 */
export async function scanLogs(
  runner: RunnerCore,
  { check, trial }: { check: string; trial: number },
  signal: AbortSignal,
): Promise<void> {
  const { runState, stores } = runner;
  const writer = openHistory(runState.trialFolder(check, trial), 'scan.ndjson', { redact: runState.redact });
  try {
    const source = runState.environment.ai?.llm.token;
    if (source === undefined) {
      writer.observe({ kind: 'key-scan-failed', reason: 'the environment does not declare ai.llm.token' });
      return;
    }
    // A Secret may end in a line break, which an application strips before it sends the token.
    const key = (await stores.secret(source)).trim();
    const reason = whyNotSearched(key);
    if (reason !== null) {
      writer.observe({ kind: 'key-scan-failed', reason });
      return;
    }
    writer.observe({ kind: 'key-scan', ...(await scan(runner, key, signal)) });
  } catch (error) {
    signal.throwIfAborted();
    const reason = errorText(error);
    writer.observe({ kind: 'key-scan-failed', reason });
  } finally {
    await writer.close();
  }
}

/** Why a token cannot be looked for in logs; null: it can be. */
function whyNotSearched(key: string): string | null {
  if (key.length < SHORTEST_KEY)
    return `the token has ${key.length} characters: too few to tell it apart from other text`;
  if (/[\r\n]/.test(key)) return 'the token has several lines, and logs are searched line by line';
  return null;
}

async function scan(runner: RunnerCore, key: string, signal: AbortSignal): Promise<Fields<'key-scan'>> {
  const { environment } = runner.runState;
  const namespaces = declaredNamespaces(environment);
  const found: { log: string; lines: number }[] = [];
  const unread: { log: string; reason: string }[] = [];
  const cut: string[] = [];
  const logs: string[] = [];
  let lines = 0;
  let containers = 0;
  for (const namespace of namespaces) {
    const listed = await runner.parts.cluster.list({ kind: 'v1/Pod', namespace });
    if (listed.unavailable !== undefined) {
      unread.push({ log: `pods of ${namespace}`, reason: listed.unavailable });
      continue;
    }
    const pods = listed.items.filter((pod) => isSearched(pod, environment));
    for (const log of pods.flatMap((pod) => logsOf(pod))) {
      if (!log.previous) containers += 1;
      try {
        const text = await read(runner, log, signal);
        const counted = occurrences(text, key);
        logs.push(nameOf(log));
        lines += counted.lines;
        if (isCut(text)) cut.push(nameOf(log));
        if (counted.with > 0) found.push({ log: nameOf(log), lines: counted.with });
      } catch (error) {
        signal.throwIfAborted();
        const reason = errorText(error);
        // A log from before a restart may be gone; whatever else there is must be readable.
        if (!log.previous || !NO_PREVIOUS.test(reason)) unread.push({ log: nameOf(log), reason });
      }
    }
  }
  return { namespaces, containers, logs, lines, found, unread, cut };
}

/** @throws Error when there is no answer, or when it says that there is no log */
async function read(runner: RunnerCore, { previous, ...where }: Log, signal: AbortSignal): Promise<string> {
  const text = await runner.parts.cluster.logs(
    { ...where, tailLines: LINES, limitBytes: MOST_BYTES, ...(previous && { previous }) },
    signal,
  );
  if (REMOVED.test(text)) throw new Error(text.trim());
  return text;
}

/** Where neither the platform, its edge nor the AI service is, pods of others may be: the token is looked for in what is declared there. */
function isSearched(pod: PodObject, { namespaces, topology, stores, ai }: Environment): boolean {
  const { namespace = '', name } = pod.metadata;
  if ([namespaces.platform, namespaces.edge, ai?.deployment.namespace].includes(namespace)) return true;
  return (
    topology.workloads.some((workload) => podPattern(workload).test(`${namespace}/${name}`)) ||
    Object.values(stores).some((store) => isMemberPod(pod, store))
  );
}

function logsOf({ metadata, spec, status }: PodObject): Log[] {
  const { namespace = '', name: pod } = metadata;
  const { containerStatuses = [], initContainerStatuses = [] } = status;
  const restarted = (container: string): boolean =>
    [...initContainerStatuses, ...containerStatuses].some(
      ({ name, restartCount = 0 }) => name === container && restartCount > 0,
    );
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return containers.flatMap(({ name: container }) => {
    const log = { namespace, pod, container, previous: false };
    return restarted(container) ? [log, { ...log, previous: true }] : [log];
  });
}

const nameOf = ({ namespace, pod, container, previous }: Log): string =>
  `${namespace}/${pod} ${container}${previous ? ' (before its restart)' : ''}`;

/** Whether the log may have more than was read of it. Empty lines are lines, too. */
export function isCut(text: string): boolean {
  if (Buffer.byteLength(text) >= MOST_BYTES) return true;
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines >= LINES;
}

/** Lines, and those that hold the key, as it is or within something that is Base64. */
export function occurrences(text: string, key: string): { lines: number; with: number } {
  const forms = [key, ...encodedForms(key)];
  const lines = text.split('\n').filter((line) => line !== '');
  return {
    lines: lines.length,
    with: lines.filter((line) => forms.some((form) => line.includes(form))).length,
  };
}

/**
 * What Base64 makes of the key within a longer text, in both alphabets (RFC 4648, 4 and 5): three bytes become four characters, so that it depends on
 * how many bytes stand before the key in its group of three. Characters that also depend on the bytes before or after it are left out.
 */
function encodedForms(key: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(key)]);
    const [from, to] = [Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6)];
    return (['base64', 'base64url'] as const).map((alphabet) => bytes.toString(alphabet).slice(from, to));
  });
}
