import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { nameOf } from './declared.ts';
import type { DeclaredWorkload } from './declared.ts';
import { Findings, seen, setting, text } from './findings.ts';

interface DeclaredStorage {
  className: string;
  kinds: string[];
}

/** Data of every store lies on a bound claim of the declared class with a real volume; bytes outlive the pod. */
export function judgePersistent(history: History): Judgement {
  const findings = new Findings(history);
  const storage = setting(history, 'storage') as DeclaredStorage | undefined;
  for (const workload of (setting(history, 'workloads') as DeclaredWorkload[] | undefined) ?? []) {
    if (workload.store !== undefined) judgeStore(history, findings, { workload: nameOf(workload), storage });
  }
  if ((setting(history, 'writes') as boolean | undefined) === true) canary(history, findings);
  return findings.conclude(
    `data of every store on a Bound claim of class ${storage?.className ?? '(none declared)'} with a real volume; bytes survive the pod`,
  );
}

function judgeStore(
  history: History,
  findings: Findings,
  of: { workload: string; storage: DeclaredStorage | undefined },
): void {
  const mine = (kind: string) => seen(history, kind).filter((one) => text(one, 'workload') === of.workload);
  if (mine('workload').length === 0) {
    findings.absent(of.workload, 'the StatefulSet');
    return;
  }
  for (const mount of mine('data-mount')) {
    const source = text(mount, 'source');
    const subject = `${of.workload} ${text(mount, 'container')}:${text(mount, 'path')}`;
    findings.expect(subject, source === 'persistentVolumeClaim', 'a PersistentVolumeClaim', source);
  }
  if (mine('data-mount').length === 0)
    findings.absent(`data of ${of.workload}`, 'a mounted PersistentVolumeClaim');
  for (const claim of mine('claim')) {
    const subject = `claim ${text(claim, 'name')} of ${of.workload}`;
    findings.expect(subject, text(claim, 'phase') === 'Bound', 'Bound', text(claim, 'phase') || 'not there');
    if (of.storage === undefined || text(claim, 'phase') !== 'Bound') continue;
    findings.expect(
      `class of ${subject}`,
      text(claim, 'className') === of.storage.className,
      of.storage.className,
      text(claim, 'className') || 'none',
    );
    const real = of.storage.kinds.includes(text(claim, 'volumeKind'));
    findings.expect(
      `volume of ${subject}`,
      real,
      of.storage.kinds.join(' or '),
      text(claim, 'volumeKind') || 'no PersistentVolume',
    );
  }
}

function canary(history: History, findings: Findings): void {
  const subject = 'bytes written by one pod and read by the next';
  const failed = seen(history, 'canary-failed')[0];
  const written = seen(history, 'canary-written')[0];
  const read = seen(history, 'canary-read')[0];
  if (failed !== undefined)
    findings.expect(subject, false, 'the same bytes', `${text(failed, 'step')}: ${text(failed, 'reason')}`);
  else if (written === undefined || read === undefined)
    findings.unknown(subject, 'the same bytes', 'the canary did not finish');
  else {
    const same = text(written, 'digest') !== '' && text(written, 'digest') === text(read, 'digest');
    findings.expect(subject, same, text(written, 'digest') || 'a digest', text(read, 'digest') || 'nothing');
  }
}
