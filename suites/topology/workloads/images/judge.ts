import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all } from '../../../../reports/judge/observed.ts';
import {
  eachContainer,
  every,
  ofWorkload,
  subjectOf,
  templates,
} from '../../../../reports/judge/topology/containers.ts';
import { exemption, isNamedAfter } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { isInjected, nameOf } from '../../../../reports/record/names/topology-names.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { OF_CONTAINERS, withException } from '../exceptions.ts';

export const judge: CheckJudge = {
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
};

/** Every image comes from a declared registry, is pinned, and could be pulled by the nodes. */
function judgeImages(history: History): Judgement {
  const findings = new Findings(history);
  const { registry } = history.header.settings;
  const allowed: Allowed = {
    prefixes: registry?.prefixes ?? [],
    pin: registry?.pinned === 'digest' ? 'digest' : 'tag',
  };
  const goes = { workloads: every(history.header), lines: all(history, 'container-image') };
  eachContainer(history, findings, goes, (_workload, one) => {
    if (isInjected(one.image)) injected(history, findings, { of: one, allowed });
    else judgeImage(findings, { subject: subjectOf(one), image: one.image }, allowed);
  });
  for (const one of all(history, 'pod-image')) ofPod(history, findings, { one, allowed });
  pulls(history, findings.rule('pulls'));
  const from = allowed.prefixes.join(', ') || '(none declared)';
  return withException(
    findings.conclude(`images from ${from}, pinned by ${allowed.pin}, pulled`),
    OF_CONTAINERS,
  );
}

interface Allowed {
  prefixes: readonly string[];
  pin: 'digest' | 'tag';
}

function judgeImage(
  findings: Findings,
  { subject, image }: { subject: string; image: string },
  { prefixes, pin }: Allowed,
): void {
  findings.rule('registry').expect(
    `registry of ${subject}`,
    prefixes.some((prefix) => image.startsWith(prefix)),
    prefixes.join(' or ') || 'a declared registry',
    image,
  );
  findings
    .rule('pin')
    .expect(
      `pin of ${subject}`,
      isPinned(image, pin),
      pin === 'digest' ? 'a digest' : 'a tag other than latest',
      image,
    );
}

/** A container whose image only its pods have: each pod of the workload has one. */
function injected(
  history: History,
  findings: Findings,
  { of, allowed }: { of: Seen<'container-image'>; allowed: Allowed },
): void {
  const isOf = ({ workload, container }: { workload: string; container?: string }): boolean =>
    workload === of.workload && (container ?? of.container) === of.container;
  const own = all(history, 'injected-image').filter(isOf);
  findings.rule('registry').eachOnce(
    `images of ${subjectOf(of)} in its pods`,
    all(history, 'pull')
      .filter(isOf)
      .map(({ pod }) => pod),
    own.map(({ pod }) => pod),
  );
  if (own.length === 0)
    findings.unknown(
      `registry of ${subjectOf(of)}`,
      'a pod, into which an injector puts the image',
      'no pod: the template says `auto`',
    );
  for (const { pod, image } of own)
    judgeImage(findings, { subject: `${subjectOf(of)} in Pod ${pod}`, image }, allowed);
}

/** A container that its pod does not have from the template as it is now. */
function ofPod(
  history: History,
  findings: Findings,
  { one, allowed }: { one: Seen<'pod-image'>; allowed: Allowed },
): void {
  const { workload: name, container, pod, image } = one;
  const isThere = all(history, 'pull').some((pull) => pull.workload === name && pull.pod === pod);
  findings.rule('registry').sound(`Pod ${pod}`, isThere, `a pod of ${name}`, 'none that was looked at');
  const workload = every(history.header).find((of) => nameOf(of) === name);
  if (workload === undefined || exemption(workload, history.header.check, container) !== null) return;
  judgeImage(findings, { subject: `${subjectOf(one)} in Pod ${pod}`, image }, allowed);
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
  for (const one of found) pulled(history, findings, one);
}

/** A container without the id of an image says nothing of whether it can be pulled, unless kubelet says that it cannot. */
function pulled(
  history: History,
  findings: Findings,
  { workload, pod, troubles, images }: Seen<'pull'>,
): void {
  const subject = `images of Pod ${pod}`;
  if (images !== undefined) {
    const names = images.map(({ container }) => container);
    const known = namesIn(history, workload, pod);
    findings.eachOnce(
      `containers of Pod ${pod}`,
      [...new Set(names)].filter((name) => known.has(name)),
      names,
    );
    findings.sound(`containers of Pod ${pod}`, names.length > 0, 'at least one', 'none');
  }
  const without = (images ?? []).filter((one) => !one.pulled).map(({ container }) => container);
  if (troubles.length > 0) findings.expect(subject, false, 'pulled', troubles.join(', '));
  else if (without.length > 0)
    findings.unknown(subject, 'pulled', `no image id yet of ${without.join(', ')}`);
  else findings.expect(subject, true, 'pulled', 'pulled');
}

/** Containers that a pod may have: those of its template, and those that it has beside it. One of an earlier template may lack some. */
function namesIn(history: History, workload: string, pod: string): ReadonlySet<string> {
  const templates = all(history, 'template').filter((one) => one.workload === workload);
  const beside = all(history, 'pod-image').filter((one) => one.workload === workload && one.pod === pod);
  return new Set([
    ...templates.flatMap(({ containers, initContainers }) => [...containers, ...initContainers]),
    ...beside.map(({ container }) => container),
  ]);
}

/** Pinned by digest, or by any tag but `latest`; no tag means `latest`. */
export function isPinned(image: string, how: 'digest' | 'tag'): boolean {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  if (how === 'digest') return false;
  const tag = /:([^:/@]+)$/.exec(image)?.[1];
  return tag !== undefined && tag !== 'latest';
}
