import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { all } from '../../../../reports/judge/observed.ts';
import {
  byName,
  eachContainer,
  every,
  ofWorkload,
  subjectOf,
} from '../../../../reports/judge/topology/containers.ts';
import { exemption } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { isInjected, nameOf } from '../../../../reports/record/names/topology-names.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { OF_CONTAINERS, withException } from '../exceptions.ts';

export const judge: CheckJudge = { judge: judgeImages };

/** Every image comes from a declared registry, is pinned, and could be pulled by the nodes. */
function judgeImages(history: History): Judgement {
  const findings = new Findings(history);
  const { registry } = history.header.settings;
  const allowed: Allowed = {
    prefixes: registry?.prefixes ?? [],
    pin: registry?.pinned === 'digest' ? 'digest' : 'tag',
  };
  const goes = { workloads: every(history.header), lines: all(history, 'container-image') };
  eachContainer(history, findings, goes, (one) => {
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
  const pods = all(history, 'pull').filter(isOf);
  const subject = `${subjectOf(of)} in Pod`;
  if (pods.length === 0)
    findings
      .rule('registry')
      .unknown(
        `registry of ${subjectOf(of)}`,
        'a pod, into which an injector puts the image',
        'no pod: the template says `auto`',
      );
  findings.rule('registry').each(
    pods.map(({ pod }) => [`${subject} ${pod}`, pod]),
    all(history, 'injected-image').filter(isOf),
    { key: ({ pod }) => `${subject} ${pod}`, expected: 'an image', missing: 'unknown', strange: 'ignore' },
    (pod, { image }) => judgeImage(findings, { subject: `${subject} ${pod}`, image }, allowed),
  );
}

/** A container that its pod does not have from the template as it is now. */
function ofPod(
  history: History,
  findings: Findings,
  { one, allowed }: { one: Seen<'pod-image'>; allowed: Allowed },
): void {
  const { workload: name, container, pod, image } = one;
  const workload = every(history.header).find((of) => nameOf(of) === name);
  if (workload === undefined || exemption(workload, history.header.check, container) !== null) return;
  judgeImage(findings, { subject: `${subjectOf(one)} in Pod ${pod}`, image }, allowed);
}

/** Fewer pods than are declared at least do not show what the nodes of the others can pull. */
function pulls(history: History, findings: Findings): void {
  const found = all(history, 'pull');
  findings.each(
    byName(every(history.header).filter(({ replicas }) => replicas.min > 0)),
    [...Map.groupBy(found, ofWorkload)],
    {
      key: ([workload]) => workload,
      what: 'pods',
      expected: 'at least one',
      missing: 'fail',
      strange: 'ignore',
    },
    ({ replicas: { min } }, [workload, { length }]) => {
      if (length < min) findings.unknown(`pods of ${workload}`, `${min} or more`, String(length));
    },
  );
  for (const one of found) pulled(findings, one);
}

/** A container without the id of an image says nothing of whether it can be pulled, unless kubelet says that it cannot. */
function pulled(findings: Findings, { pod, troubles, images }: Seen<'pull'>): void {
  const subject = `images of Pod ${pod}`;
  const without = images.filter((one) => !one.pulled).map(({ container }) => container);
  if (troubles.length > 0) findings.expect(subject, false, 'pulled', troubles.join(', '));
  else if (images.length === 0) findings.unknown(subject, 'pulled', 'it has no container');
  else if (without.length > 0)
    findings.unknown(subject, 'pulled', `no image id yet of ${without.join(', ')}`);
  else findings.expect(subject, true, 'pulled', 'pulled');
}

/** Pinned by digest, or by any tag but `latest`; no tag means `latest`. */
export function isPinned(image: string, how: 'digest' | 'tag'): boolean {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  if (how === 'digest') return false;
  const tag = /:([^:/@]+)$/.exec(image)?.[1];
  return tag !== undefined && tag !== 'latest';
}
