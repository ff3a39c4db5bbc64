import type { History, HistoryHeader } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import type { Seen } from '../../record/observations/index.ts';
import { nameOf } from '../../record/topology-names.ts';
import type { CheckJudge } from '../definition.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { all } from '../observed.ts';
import { exemption, isNamedAfter } from './declared.ts';
import type { DeclaredWorkload } from './declared.ts';
import { Findings } from './findings.ts';

/** What every kind of container line has. */
interface Line {
  workload: string;
  container: string;
  init?: boolean;
}

const ofWorkload = { of: ({ workload }: { workload: string }): string => workload, absent: 'fail' } as const;

/** Each workload's template, and at least one line for a container of it. */
function templates(subjects: readonly string[]): AnyNeed {
  return need('template', { subjects, ...ofWorkload });
}

const serving = ({ settings }: HistoryHeader): DeclaredWorkload[] =>
  (settings.workloads ?? []).filter(({ serves }) => serves === true);
const every = ({ settings }: HistoryHeader): DeclaredWorkload[] => settings.workloads ?? [];

export const probes: CheckJudge = {
  judge: judgeProbes,
  evidence: (header) => {
    const subjects = serving(header).map(nameOf);
    return [templates(subjects), need('container-probes', { subjects, ...ofWorkload })];
  },
  annotations: {
    'container-probes.liveness': 'that there is one decides; which it is nobody declared',
    'container-probes.readiness': 'that there is one decides; which it is nobody declared',
  },
};

export const resources: CheckJudge = {
  judge: judgeResources,
  evidence: (header) => {
    const subjects = every(header).map(nameOf);
    return [templates(subjects), need('container-resources', { subjects, ...ofWorkload })];
  },
  annotations: {},
};

export const images: CheckJudge = {
  judge: judgeImages,
  evidence: (header) => {
    const subjects = every(header).map(nameOf);
    const running = every(header).filter(({ replicas }) => replicas.min > 0);
    return [
      templates(subjects),
      need('container-image', { subjects, ...ofWorkload }),
      need('pull', { subjects: running.map(nameOf), ...ofWorkload }),
    ];
  },
  annotations: {
    'container-image.image': 'its registry and its pin decide; which image it is nobody declared',
  },
};

interface Goes<L extends Line> {
  workloads: readonly DeclaredWorkload[];
  lines: readonly L[];
}

/** Goes over the containers of declared workloads that are not let off this check; the template says how many there are. */
function eachContainer<L extends Line>(
  history: History,
  findings: Findings,
  { workloads, lines }: Goes<L>,
  visit: (workload: DeclaredWorkload, container: L) => void,
): void {
  for (const workload of workloads) {
    const name = nameOf(workload);
    const template = all(history, 'template').find((one) => one.workload === name);
    if (template === undefined) findings.absent(name, 'the workload');
    const own = lines.filter((one) => one.workload === name);
    if (template !== undefined) counted(findings, template, own);
    for (const line of own)
      if (exemption(workload, history.header.check, line.container) === null) visit(workload, line);
  }
}

/** A line for each container of the template, and for no other. */
function counted(findings: Findings, template: Seen<'template'>, own: readonly Line[]): void {
  const { workload, containers, initContainers, count } = template;
  const names = (of: readonly Line[]): string[] => of.map(({ container }) => container);
  findings.eachOnce(`containers of ${workload}`, [...containers, ...initContainers], names(own));
  findings.agree(`containers of ${workload}`, count, own.length);
  if (own.some(({ init }) => init === undefined)) return;
  findings.eachOnce(
    `init containers of ${workload}`,
    initContainers,
    names(own.filter(({ init }) => init === true)),
  );
}

const subjectOf = ({ workload, container }: Line): string => `${workload} container ${container}`;

/** Liveness and readiness on every container that serves. */
function judgeProbes(history: History): Judgement {
  const findings = new Findings(history);
  const goes = { workloads: serving(history.header), lines: all(history, 'container-probes') };
  eachContainer(history, findings, goes, (_workload, one) => {
    if (one.init) return;
    for (const probe of ['liveness', 'readiness'] as const)
      findings
        .rule(probe)
        .expect(
          `${probe} of ${subjectOf(one)}`,
          one[probe] !== null && one[probe] !== '',
          `a ${probe} probe`,
          one[probe] ?? 'none',
        );
  });
  return findings.conclude('liveness and readiness probes on every container that serves');
}

/** CPU and memory requests and limits on every container, and GPUs where they are declared. */
function judgeResources(history: History): Judgement {
  const findings = new Findings(history);
  const lines = all(history, 'container-resources');
  const goes = { workloads: every(history.header), lines };
  eachContainer(history, findings, goes, (_workload, one) => {
    if (one.init) return;
    for (const side of ['requests', 'limits'] as const)
      for (const resource of ['cpu', 'memory'] as const) {
        const given = one[side][resource];
        findings
          .rule(side)
          .expect(`${resource} ${side} of ${subjectOf(one)}`, isGiven(given), 'set', given ?? 'not set');
      }
  });
  findings.rule('gpu');
  for (const workload of every(history.header)) {
    if (workload.gpu === undefined) continue;
    const own = lines.filter((one) => one.workload === nameOf(workload) && !one.init);
    const devices = own.reduce((sum, one) => sum + (one.devices ?? 0), 0);
    const wanted = workload.gpu;
    findings.expect(`GPU of ${nameOf(workload)}`, devices === wanted, `${wanted} devices`, String(devices));
  }
  return findings.conclude('CPU and memory requests and limits on every container, GPUs where declared');
}

/** A quantity that is none, such as `0` or `0Mi`, gives nothing and limits nothing. */
function isGiven(quantity: string | null): boolean {
  return quantity !== null && /[1-9]/.test(quantity);
}

/** Names begin as declared, are pinned, and the nodes could pull them. */
function judgeImages(history: History): Judgement {
  const findings = new Findings(history);
  const { registry } = history.header.settings;
  const prefixes = registry?.prefixes ?? [];
  const pin = registry?.pinned === 'digest' ? 'digest' : 'tag';
  const goes = { workloads: every(history.header), lines: all(history, 'container-image') };
  eachContainer(history, findings, goes, (_workload, one) => {
    findings.rule('registry').expect(
      `registry of ${subjectOf(one)}`,
      prefixes.some((prefix) => one.image.startsWith(prefix)),
      prefixes.join(' or ') || 'a declared registry',
      one.image,
    );
    findings
      .rule('pin')
      .expect(
        `pin of ${subjectOf(one)}`,
        isPinned(one.image, pin),
        pin === 'digest' ? 'a digest' : 'a tag other than latest',
        one.image,
      );
  });
  pulls(history, findings.rule('pulls'));
  return findings.conclude(
    `images from ${prefixes.join(', ') || '(none declared)'}, pinned by ${pin}, pulled`,
  );
}

function pulls(history: History, findings: Findings): void {
  const found = all(history, 'pull');
  for (const { workload, pods } of all(history, 'template')) {
    const own = found.filter((one) => one.workload === workload).map(({ pod }) => pod);
    findings.agree(`pods of ${workload}`, pods, own.length);
    const [, namespace = '', name = ''] = /^\S+ ([^/]+)\/(.+)$/.exec(workload) ?? [];
    const stray = own.find((pod) => !isNamedAfter(pod, `${namespace}/${name}`));
    findings.sound(`pods of ${workload}`, stray === undefined, 'its own pods', stray ?? '');
  }
  // A pod belongs to one workload.
  const pods = found.map(({ pod }) => pod);
  findings.eachOnce('pods', [...new Set(pods)], pods);
  for (const { pod, troubles } of found)
    findings.expect(`images of Pod ${pod}`, troubles.length === 0, 'pulled', troubles.join(', ') || 'pulled');
}

/** Pinned by digest, or by any tag but `latest`; no tag means `latest`. */
export function isPinned(image: string, how: 'digest' | 'tag'): boolean {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  if (how === 'digest') return false;
  const tag = /:([^:/@]+)$/.exec(image)?.[1];
  return tag !== undefined && tag !== 'latest';
}
