import type { History, Observation } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { exemption, nameOf } from './declared.ts';
import type { DeclaredWorkload } from './declared.ts';
import { Findings, list, seen, setting, text } from './findings.ts';

type Each = (findings: Findings, workload: DeclaredWorkload, container: Observation) => void;

/** Goes over the containers of every declared workload that are not let off this check. */
function eachContainer(history: History, findings: Findings, visit: Each): void {
  const check = history.header.check;
  for (const workload of (setting(history, 'workloads') as DeclaredWorkload[] | undefined) ?? []) {
    const name = nameOf(workload);
    const containers = seen(history, 'container').filter((one) => text(one, 'workload') === name);
    if (containers.length === 0) findings.absent(name, 'the workload');
    for (const container of containers) {
      if (exemption(workload, check, text(container, 'container')) === null)
        visit(findings, workload, container);
    }
  }
}

function subjectOf(container: Observation): string {
  return `${text(container, 'workload')} container ${text(container, 'container')}`;
}

/** Liveness and readiness on every container that serves. */
export function judgeProbes(history: History): Judgement {
  const findings = new Findings(history);
  eachContainer(history, findings, (into, workload, container) => {
    if (workload.serves !== true || container['init'] === true) return;
    for (const probe of ['liveness', 'readiness'] as const) {
      into.expect(
        `${probe} of ${subjectOf(container)}`,
        text(container, probe) !== '',
        `a ${probe} probe`,
        text(container, probe) || 'none',
      );
    }
  });
  return findings.conclude('liveness and readiness probes on every container that serves');
}

/** CPU and memory requests and limits on every container, and a GPU where one is declared. */
export function judgeResources(history: History): Judgement {
  const findings = new Findings(history);
  eachContainer(history, findings, (into, workload, container) => {
    if (container['init'] === true) return;
    for (const side of ['requests', 'limits'] as const) {
      const given = (container[side] ?? {}) as Record<string, string>;
      for (const resource of ['cpu', 'memory']) {
        into.expect(
          `${resource} ${side} of ${subjectOf(container)}`,
          given[resource] !== undefined,
          'set',
          given[resource] ?? 'not set',
        );
      }
    }
    if (workload.gpu !== undefined) gpu(into, workload.gpu, container);
  });
  return findings.conclude('CPU and memory requests and limits on every container, GPUs where declared');
}

function gpu(into: Findings, wanted: number, container: Observation): void {
  const limits = Object.entries((container['limits'] ?? {}) as Record<string, string>);
  const devices = limits
    .filter(([name]) => name.includes('/'))
    .reduce((sum, [, count]) => sum + Number(count), 0);
  into.expect(`GPU of ${subjectOf(container)}`, devices === wanted, `${wanted} devices`, String(devices));
}

/** Names begin as declared, are pinned, and the nodes could pull them. */
export function judgeImages(history: History): Judgement {
  const findings = new Findings(history);
  const registry = setting(history, 'registry') as
    { prefixes: string[]; pinned: 'digest' | 'tag' } | undefined;
  eachContainer(history, findings, (into, _workload, container) => {
    const image = text(container, 'image');
    const prefixes = registry?.prefixes ?? [];
    const pin = registry?.pinned ?? 'tag';
    into.expect(
      `registry of ${subjectOf(container)}`,
      prefixes.some((prefix) => image.startsWith(prefix)),
      prefixes.join(' or ') || 'a declared registry',
      image,
    );
    into.expect(
      `pin of ${subjectOf(container)}`,
      isPinned(image, pin),
      pin === 'digest' ? 'a digest' : 'a tag other than latest',
      image,
    );
  });
  for (const pod of seen(history, 'pull')) {
    const troubles = list(pod, 'troubles') as string[];
    findings.expect(
      `images of Pod ${text(pod, 'pod')}`,
      troubles.length === 0,
      'pulled',
      troubles.join(', ') || 'pulled',
    );
  }
  return findings.conclude(
    `images from ${registry?.prefixes.join(', ') ?? '(none declared)'}, pinned by ${registry?.pinned ?? 'tag'}, pulled`,
  );
}

/** Pinned by digest, or by any tag but `latest`; no tag means `latest`. */
export function isPinned(image: string, how: 'digest' | 'tag'): boolean {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  if (how === 'digest') return false;
  const tag = /:([^:/@]+)$/.exec(image)?.[1];
  return tag !== undefined && tag !== 'latest';
}
