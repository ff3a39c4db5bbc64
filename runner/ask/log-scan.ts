import { openHistory } from '../../probes/history.ts';
import type { Fields } from '../../reports/record/observations/index.ts';
import type { KubeObject } from '../../suites/harness/protocol.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Last lines of a container's log that are read. */
const LINES = 200_000;
/** Bytes that are read: of a longer log kubelet leaves out the last lines. */
const MOST_BYTES = 64 << 20;
/** A shorter key would match unrelated text. */
const SHORTEST_KEY = 8;

interface PodPart extends KubeObject {
  spec?: { containers?: { name: string }[]; initContainers?: { name: string }[] };
  status?: { containerStatuses?: { name: string; restartCount?: number }[] };
}

interface Log {
  namespace: string;
  pod: string;
  container: string;
  /** From before the container's restart. */
  previous: boolean;
}

/**
 * Looks for the model's token in the logs of every container of the platform and its edge, and appends what was found to `scan.ndjson`:
 * where and in how many lines, never a line. Because the token is read here, it is redacted in histories.
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
    const key = await stores.secret(source);
    if (key.length < SHORTEST_KEY) {
      const reason = `the token has ${key.length} characters: too few to tell it apart from other text`;
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

async function scan(runner: RunnerCore, key: string, signal: AbortSignal): Promise<Fields<'key-scan'>> {
  const { platform, edge } = runner.runState.environment.namespaces;
  const found: { log: string; lines: number }[] = [];
  const unread: { log: string; reason: string }[] = [];
  const cut: string[] = [];
  const logs: string[] = [];
  let lines = 0;
  for (const namespace of [platform, edge]) {
    const listed = await runner.parts.cluster.list({ kind: 'v1/Pod', namespace });
    if (listed.unavailable !== undefined) {
      unread.push({ log: `pods of ${namespace}`, reason: listed.unavailable });
      continue;
    }
    for (const log of listed.items.flatMap((pod) => logsOf(pod))) {
      try {
        const { previous, ...where } = log;
        const text = await runner.parts.cluster.logs(
          { ...where, tailLines: LINES, limitBytes: MOST_BYTES, ...(previous && { previous }) },
          signal,
        );
        const counted = occurrences(text, key);
        logs.push(nameOf(log));
        lines += counted.lines;
        if (isCut(text)) cut.push(nameOf(log));
        if (counted.with > 0) found.push({ log: nameOf(log), lines: counted.with });
      } catch (error) {
        signal.throwIfAborted();
        // A log from before a restart may be gone; a current one must be readable.
        if (!log.previous) unread.push({ log: nameOf(log), reason: errorText(error) });
      }
    }
  }
  return { logs, lines, found, unread, cut };
}

function logsOf({ metadata, spec, status }: PodPart): Log[] {
  const { namespace = '', name: pod } = metadata;
  const restarted = (container: string): boolean =>
    (status?.containerStatuses ?? []).some(
      ({ name, restartCount = 0 }) => name === container && restartCount > 0,
    );
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
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
