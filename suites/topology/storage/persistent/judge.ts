import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { all, first } from '../../../../reports/judge/observed.ts';
import { byName, ofWorkload } from '../../../../reports/judge/topology/containers.ts';
import { storesOf } from '../../../../reports/judge/topology/declared.ts';
import type { DeclaredWorkload } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import type { HeaderSettings } from '../../../../reports/record/settings.ts';
import { coversPath, nameOf } from '../../../../reports/record/names/topology-names.ts';
import { memberSets, podsOfSet } from '../../../../reports/record/facts/store-pods.ts';

type Storage = HeaderSettings['storage'];

export const judge: CheckJudge = { judge: judgePersistent };

/** Members that keep no data by their own word; nobody where all of them say so: then the store would keep none. */
function keepNone(history: History, store: string): ReadonlySet<string> {
  const said = all(history, 'data-folder-none').filter((one) => one.store === store);
  const names = new Set(said.map(({ member }) => member));
  return everyMember(history, store).every((member) => names.has(member)) ? new Set() : names;
}

/** Declared workloads of stores; not those of a store whose members are chosen by labels: there each pod is looked at. */
function dataWorkloads({ workloads = [], stores = {} }: HeaderSettings): DeclaredWorkload[] {
  return workloads.filter(({ store }) => store !== undefined && stores[store]?.pods === undefined);
}

function storesByLabels(settings: HeaderSettings): ReturnType<typeof storesOf> {
  return storesOf(settings).filter(([, { pods }]) => pods !== undefined);
}

const POD = /^Pod ([^/]+)\/(.+)$/;

/** Members that are chosen by labels, as they were seen: each pod a workload of its own. */
function podsSeen(history: History): DeclaredWorkload[] {
  return all(history, 'data-workload').flatMap(({ workload, store }) => {
    const [, namespace, name] = POD.exec(workload) ?? [];
    if (store === undefined || namespace === undefined || name === undefined) return [];
    return [{ kind: 'Pod', namespace, name, store, replicas: { min: 1, max: 1 } }];
  });
}

/** Pod names of the members of the workload's store; empty for a workload that has no members, such as Sentinels. */
function membersOf(history: History, { kind, store, namespace, name }: DeclaredWorkload): string[] {
  if (kind === 'Pod') return [name];
  const declared = store === undefined ? undefined : history.header.settings.stores?.[store];
  if (declared === undefined) return [];
  return memberSets(declared)
    .filter((set) => set.name === name && set.namespace === namespace)
    .flatMap((set) => podsOfSet(set, firstOrdinal(history, set)));
}

/** The number of the first pod of a StatefulSet: 0, unless it was recorded. */
function firstOrdinal(history: History, set: { namespace: string; name: string }): number {
  const subject = nameOf({ ...set, kind: 'StatefulSet' });
  return all(history, 'data-workload').find(({ workload }) => workload === subject)?.firstOrdinal ?? 0;
}

/** Data of every store lies on a bound claim of the declared class with a real volume; bytes outlive the pod. */
function judgePersistent(history: History): Judgement {
  const findings = new Findings(history);
  const { settings } = history.header;
  findings
    .rule('volumes')
    .each(
      byName([...dataWorkloads(settings), ...podsSeen(history)]),
      all(history, 'data-workload'),
      { key: ofWorkload, expected: 'the StatefulSet', missing: 'fail', strange: 'ignore' },
      (workload) => judgeStore(history, findings, workload),
    );
  membersByLabels(history, findings);
  findings.rule('bytes');
  if (settings.writes === true) canary(history, findings);
  return findings.conclude(
    `data of every store on a Bound claim of class ${classesIn(settings).join(' or ') || '(none declared)'} with a real volume; bytes survive the pod`,
  );
}

/** That of the topology, and those that stores declare for themselves. */
function classesIn({ storage, stores = {} }: HeaderSettings): string[] {
  const own = storesOf({ stores }).flatMap(([, { storageClass }]) => storageClass ?? []);
  return [...new Set([...(storage === undefined ? [] : [storage.className]), ...own])];
}

function judgeStore(history: History, findings: Findings, workload: DeclaredWorkload): void {
  const name = nameOf(workload);
  const mounts = all(history, 'data-mount').filter((one) => one.workload === name);
  const members = membersOf(history, workload);
  const everyone = everyMember(history, workload.store ?? '');
  if (members.length > 0) foldersOfMembers(history, findings, { workload, members, mounts, everyone });
  else mountedData(findings, name, mounts);
  findings.rule('claims');
  claims(history, findings, { workload, mounts });
}

function everyMember(history: History, store: string): string[] {
  const declared = history.header.settings.stores?.[store];
  const sets = declared === undefined ? [] : memberSets(declared);
  return sets.length > 0
    ? sets.flatMap((set) => podsOfSet(set, firstOrdinal(history, set)))
    : podsSeen(history).flatMap((pod) => (pod.store === store ? [pod.name] : []));
}

/** As many pods with a store's labels as it has members: one that is missing, or one too many, is none that could be overlooked. */
function membersByLabels(history: History, findings: Findings): void {
  findings.rule('volumes');
  const { workloads = [], stores = {} } = history.header.settings;
  for (const workload of workloads)
    if (workload.store !== undefined && stores[workload.store]?.pods !== undefined)
      findings.note(`${nameOf(workload)}: of ${workload.store} only the pods with its labels were looked at`);
  for (const [name, { members }] of storesByLabels(history.header.settings)) {
    const pods = all(history, 'data-workload').filter(({ store }) => store === name);
    const seen = `${pods.length}: ${pods.map(({ workload }) => workload).join(', ')}`;
    if (pods.length < members) findings.absent(`members of ${name}`, `${members} pods, seen ${seen}`);
    else findings.expect(`members of ${name}`, pods.length === members, String(members), seen);
  }
}

interface Held {
  workload: DeclaredWorkload;
  members: readonly string[];
  mounts: readonly Seen<'data-mount'>[];
  /** All members of the store, also of its other workloads. */
  everyone: readonly string[];
}

/** Every folder that a member's server reports for its data must lie on a claim, with everything mounted below it. */
function foldersOfMembers(history: History, findings: Findings, held: Held): void {
  const { workload, members, mounts, everyone } = held;
  const { store = '' } = workload;
  const container = history.header.settings.stores?.[store]?.container;
  const own = mounts.filter((mount) => container === undefined || mount.container === container);
  const said = all(history, 'data-folder').filter((one) => one.store === store);
  const none = keepNone(history, store);
  for (const member of members) {
    const folders = said.filter((one) => one.member === member);
    if (none.has(member)) findings.note(`${member} keeps no data: ${whyNone(history, store, member)}`);
    else if (folders.length === 0)
      findings.unknown(
        `data of ${member}`,
        'a folder that its server reports',
        whyUnsaid(history, store, member),
      );
    for (const { path } of folders) {
      ownFolder(findings, { member, path, members: everyone });
      onClaim(findings, { member, path, mounts: own });
    }
  }
  if (said.length > 0)
    besideFolders(history, findings, { ...held, mounts: own, paths: said.map(({ path }) => path) });
}

/**
 * What is mounted at no folder that a server names. Where each of them named all of its folders, it is recorded as a further place of data. Where one did
 * not, such as that of its log of writes, it may be there, or on the container's own file system: the pass is not about it, unless all such places are claims.
 */
function besideFolders(
  history: History,
  findings: Findings,
  { workload, members, mounts, paths }: Held & { paths: readonly string[] },
): void {
  const { store = '' } = workload;
  const name = nameOf(workload);
  const beside = mounts.filter(
    (mount) =>
      !isClaim(mount) && !paths.some((path) => coversPath(mount.path, path) || coversPath(path, mount.path)),
  );
  const unsaid = all(history, 'data-folder-unsaid').filter((one) => one.store === store);
  if (unsaid.length === 0)
    for (const { path, source } of beside)
      findings.expect(`data of ${name} mounted at ${path}`, false, 'a PersistentVolumeClaim', source);
  const places = [
    ...beside.map(({ path, source }) => `at ${path} (${source})`),
    ...ownRoot(history, workload),
  ];
  for (const { member, reason } of places.length === 0 ? [] : unsaid)
    if (members.includes(member))
      findings.except(`${member}: ${reason}, and its container can also write ${places.join(', ')}`);
}

/** The file system that a member's container has besides its mounts; none where it cannot write to it. */
function ownRoot(history: History, workload: DeclaredWorkload): string[] {
  const container = history.header.settings.stores?.[workload.store ?? '']?.container ?? '';
  const seen = all(history, 'data-workload').find((one) => one.workload === nameOf(workload));
  return seen?.readOnlyRoots?.includes(container) === true ? [] : ['to its own file system'];
}

/** A folder that is named after a member must belong to that member. */
function ownFolder(
  findings: Findings,
  { member, path, members }: { member: string; path: string; members: readonly string[] },
): void {
  const words = path.split(/[^A-Za-z0-9-]+/);
  const named = members.filter((one) => words.includes(one));
  findings.sound(
    `data of ${member} at ${path}`,
    named.length === 0 || named.includes(member),
    'a folder of its own',
    `one of ${named.join(', ')}`,
  );
}

function whyNone(history: History, store: string, member: string): string {
  const said = all(history, 'data-folder-none');
  return said.find((one) => one.store === store && one.member === member)?.why ?? '';
}

function whyUnsaid(history: History, store: string, member: string): string {
  const said = all(history, 'data-folder-unsaid').filter((one) => one.store === store);
  return (said.find((one) => one.member === member) ?? said[0])?.reason ?? 'its server was not queried';
}

function onClaim(
  findings: Findings,
  { member, path, mounts }: { member: string; path: string; mounts: readonly Seen<'data-mount'>[] },
): void {
  const under = mounts
    .filter((mount) => coversPath(mount.path, path))
    .sort((a, b) => b.path.length - a.path.length)[0];
  // What is mounted below holds a part of the data.
  const below = mounts.filter((mount) => mount !== under && coversPath(path, mount.path));
  const subject = `data of ${member} at ${path}`;
  if (under === undefined)
    findings.expect(subject, false, 'on a PersistentVolumeClaim', "on the container's own file system");
  for (const mount of [...(under === undefined ? [] : [under]), ...below])
    findings.expect(
      `${subject}, mounted at ${mount.path}`,
      isClaim(mount),
      'a PersistentVolumeClaim',
      mount.source,
    );
}

const isClaim = ({ source, claim }: Seen<'data-mount'>): boolean =>
  source === 'persistentVolumeClaim' && claim !== null && claim !== '';

/** These servers do not report their data folders, so every mount near the usual folders must be a claim. */
function mountedData(findings: Findings, name: string, mounts: readonly Seen<'data-mount'>[]): void {
  for (const mount of mounts) {
    const subject = `${name} ${mount.container}:${mount.path}`;
    findings.expect(subject, isClaim(mount), 'a PersistentVolumeClaim', mount.source);
  }
  if (mounts.length === 0) findings.absent(`data of ${name}`, 'a mounted PersistentVolumeClaim');
}

/** Every claim that a replica must have for what is mounted, and every other one that its pods have. */
function claims(
  history: History,
  findings: Findings,
  { workload, mounts }: Pick<Held, 'workload' | 'mounts'>,
): void {
  const name = nameOf(workload);
  const found = all(history, 'claim').filter((one) => one.workload === name);
  const pods = podsOfSet(
    { name: workload.name, members: workload.replicas.min },
    firstOrdinal(history, workload),
  );
  const wanted = mounts.flatMap(({ claim, perReplica }) => {
    if (claim === null) return [];
    return perReplica ? pods.map((pod) => `${claim}-${pod}`) : [claim];
  });
  const there = new Set(found.map((one) => one.name));
  for (const missing of new Set(wanted.filter((one) => !there.has(one))))
    findings.absent(`claim ${missing} of ${name}`, 'Bound');
  const { storage, stores } = history.header.settings;
  const className = stores?.[workload.store ?? '']?.storageClass ?? storage?.className ?? '';
  for (const claim of found) judgeClaim(findings, claim, storage && { ...storage, className });
}

function judgeClaim(findings: Findings, claim: Seen<'claim'>, storage: Storage): void {
  const subject = `claim ${claim.name} of ${claim.workload}`;
  findings.expect(subject, claim.phase === 'Bound', 'Bound', claim.phase || 'not there');
  if (storage === undefined || claim.phase !== 'Bound') return;
  findings.expect(
    `class of ${subject}`,
    claim.className === storage.className,
    storage.className,
    claim.className || 'none',
  );
  findings.expect(
    `volume of ${subject}`,
    storage.kinds.includes(claim.volumeKind),
    storage.kinds.join(' or '),
    claim.volumeKind || 'no PersistentVolume',
  );
}

function canary(history: History, findings: Findings): void {
  const subject = 'bytes written by one pod and read by the next';
  const failed = first(history, 'canary-failed');
  const written = first(history, 'canary-written');
  const read = first(history, 'canary-read');
  if (failed !== undefined) {
    const said = `${failed.step}: ${failed.reason}`;
    if (failed.cause === 'volume') findings.expect(subject, false, 'the same bytes', said);
    else findings.unknown(subject, 'the same bytes', said);
  } else if (written === undefined || read === undefined)
    findings.unknown(subject, 'the same bytes', 'the canary did not finish');
  else {
    const same = written.digest !== '' && written.digest === read.digest;
    findings.expect(subject, same, written.digest || 'a digest', read.digest || 'nothing');
  }
}
