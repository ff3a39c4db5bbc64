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
import { atMost } from '../../../../reports/record/at-most.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { isInjected, nameOf, repositoryIn } from '../../../../reports/record/names/topology-names.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { OF_CONTAINERS, withException } from '../exceptions.ts';

export const judge: CheckJudge = { judge: judgeImages };

/** Every image comes from a declared registry, is pinned, is that of the declared program, and could be pulled by the nodes. */
function judgeImages(history: History): Judgement {
  const findings = new Findings(history);
  const { registry } = history.header.settings;
  const allowed: Allowed = {
    prefixes: registry?.prefixes ?? [],
    pin: registry?.pinned === 'digest' ? 'digest' : 'tag',
    repositoryOf: declaredRepositories(history),
  };
  const goes = { workloads: every(history.header), lines: all(history, 'container-image') };
  const open: string[] = [];
  eachContainer(history, findings, goes, (one) => {
    if (allowed.repositoryOf(one) === undefined) open.push(`${one.container} of ${one.workload}`);
    if (isInjected(one.image)) injected(history, findings, { of: one, allowed });
    else judgeImage(findings, { subject: subjectOf(one), of: one }, allowed);
  });
  declaredContainers(history, findings.rule('repository'));
  if (open.length > 0)
    findings.note(
      `not judged: which program runs in ${atMost(open, MOST_NAMED).join(', ')} (topology.workloads[].image)`,
    );
  for (const one of all(history, 'pod-image')) ofPod(history, findings, { one, allowed });
  pulls(history, findings.rule('pulls'));
  const from = allowed.prefixes.join(', ') || '(none declared)';
  return withException(
    findings.conclude(`images from ${from}, pinned by ${allowed.pin}, of the declared programs, pulled`),
    OF_CONTAINERS,
  );
}

const MOST_NAMED = 10;

type Line = Pick<Seen<'container-image'>, 'workload' | 'container'>;

interface Allowed {
  prefixes: readonly string[];
  pin: 'digest' | 'tag';
  /** The repository that is declared for a container; undefined: none is. */
  repositoryOf: (line: Line) => string | undefined;
}

/** One text is for every container of the template, and not for what a webhook puts beside them. */
function declaredRepositories(history: History): Allowed['repositoryOf'] {
  const declared = new Map(byName(every(history.header)));
  const inTemplates = new Set(templated(history).map(subjectOf));
  return (line) => {
    const image = declared.get(line.workload)?.image;
    if (typeof image !== 'string') return image?.[line.container];
    return inTemplates.has(subjectOf(line)) ? image : undefined;
  };
}

function templated(history: History): Line[] {
  return all(history, 'template').flatMap(({ workload, containers, initContainers }) =>
    [...containers, ...initContainers].map((container) => ({ workload, container })),
  );
}

/** A container that is declared by its name and runs nowhere was renamed, and another runs in its place. */
function declaredContainers(history: History, findings: Findings): void {
  const seen = new Set([...templated(history), ...all(history, 'pod-image')].map(subjectOf));
  for (const [workload, { image }] of byName(every(history.header)))
    for (const [container, repository] of Object.entries(typeof image === 'object' ? image : {})) {
      const subject = subjectOf({ workload, container });
      if (!seen.has(subject)) findings.absent(subject, repository);
    }
}

function judgeImage(
  findings: Findings,
  { subject, of }: { subject: string; of: Line & { image: string } },
  { prefixes, pin, ...allowed }: Allowed,
): void {
  const { image } = of;
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
  const repository = allowed.repositoryOf(of);
  if (repository === undefined) return;
  const wanted = [repository, ...prefixes.map((prefix) => `${prefix}${repository}`)];
  findings
    .rule('repository')
    .expect(`repository of ${subject}`, wanted.includes(repositoryIn(image)), repository, image);
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
    (pod, line) => judgeImage(findings, { subject: `${subject} ${pod}`, of: line }, allowed),
  );
}

/** A container that its pod does not have from the template as it is now. */
function ofPod(
  history: History,
  findings: Findings,
  { one, allowed }: { one: Seen<'pod-image'>; allowed: Allowed },
): void {
  const { workload: name, container, pod } = one;
  const workload = every(history.header).find((of) => nameOf(of) === name);
  if (workload === undefined || exemption(workload, history.header.check, container) !== null) return;
  judgeImage(findings, { subject: `${subjectOf(one)} in Pod ${pod}`, of: one }, allowed);
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
