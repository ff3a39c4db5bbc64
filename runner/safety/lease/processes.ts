import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { bootId, identify, killProcesses, processAlive, waitGone } from '../../../host/process-identity.ts';
import type { ProcessId } from '../../../host/process-identity.ts';
import { holderState } from './place.ts';
import type { Holder } from './place.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/** A child that leads its own session, with all that it starts: its pid is the session id. */
export type RecordedGroup = { readonly name: string } & ProcessId;

const processSchema = z.object({ pid: z.int(), startTime: z.string() });
const groupsSchema = z.array(processSchema.extend({ name: z.string() }));
const holderSchema = processSchema.extend({ host: z.string(), bootId: z.string() });

/** A killed process group is gone within milliseconds, unless the disk holds one of its processes. */
const GONE_DEADLINE_MS = 20_000;

/** The children of this process, on disk, so that the next start can end them when this one was killed. */
export class ChildRecord {
  readonly #file: string;
  readonly #notice: (message: string) => void;
  #groups: RecordedGroup[] = [];

  constructor(folder: string, notice: (message: string) => void = () => undefined) {
    this.#file = join(folder, 'children.json');
    this.#notice = notice;
  }

  /**
   * To be called right after a child was spawned with `detached: true`. A child that ended already is not recorded.
   * @throws Error of the file system: then the child must not go on.
   */
  add(child: { name: string; pid: number }): void {
    const id = identify(child.pid);
    if (id !== null) this.#write([...this.#groups, { name: child.name, ...id }]);
  }

  /** To be called when the child has ended. Never throws: that one is listed which is gone does no harm, as on a full disk. */
  remove(pid: number): void {
    try {
      this.#write(this.#groups.filter((group) => group.pid !== pid));
    } catch (error) {
      this.#notice(
        `the record of this run's processes still lists one that has ended, which does no harm: ${errorText(error)}`,
      );
    }
  }

  /**
   * Ends every group that an earlier process left in the record and waits until none of it runs.
   * @returns the names of the groups of which something still ran.
   * @throws DeadlineError naming what does not end.
   */
  async endRecorded(signal?: AbortSignal): Promise<string[]> {
    const ended: string[] = [];
    for (const group of this.#read()) {
      const members = sessionMembers(group);
      if (members.length === 0) continue;
      ended.push(group.name);
      await endSession(group, signal);
    }
    this.#write([]);
    return ended;
  }

  #read(): RecordedGroup[] {
    return readRecord(this.#file, groupsSchema) ?? [];
  }

  #write(groups: RecordedGroup[]): void {
    this.#groups = groups;
    replaceFile(this.#file, JSON.stringify(groups));
  }
}

/** Repeats until the session is empty: a member may start another process while it is killed. */
async function endSession(group: RecordedGroup, signal: AbortSignal | undefined): Promise<void> {
  for (let members = sessionMembers(group); members.length > 0; members = sessionMembers(group)) {
    killProcesses(members);
    await waitGone(members, { deadlineMs: GONE_DEADLINE_MS, signal });
  }
}

/**
 * The processes of the session that a recorded child leads or led. If another process has its pid now, the session is not ours: no pid is
 * reused while a session of that number has members.
 */
export function sessionMembers(group: ProcessId): ProcessId[] {
  const leader = identify(group.pid);
  if (leader !== null && leader.startTime !== group.startTime) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => sessionOf(pid) === group.pid)
    .map(identify)
    .filter((found) => found !== null);
}

/** Field 6 of /proc/PID/stat, counted after the name, which may hold spaces and parentheses. */
function sessionOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
  } catch {
    return null;
  }
}

/** The processes on this machine that hold, or held, an environment: one file each, so that none overwrites another's. */
export class HolderRecord {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, 'holders');
  }

  /** Living holders; files of dead ones are removed on the way. */
  living(): Holder[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder).flatMap((name) => {
      const holder = readRecord(join(this.#folder, name), holderSchema);
      const state = holder === null ? 'gone' : holderState(holder);
      if (holder !== null && state === 'alive') return [holder];
      // What runs in another container of this machine cannot be seen from here.
      if (state === 'gone' || holder?.bootId.startsWith(bootId()) !== true)
        rmSync(join(this.#folder, name), { force: true });
      return [];
    });
  }

  add(holder: Holder): void {
    mkdirSync(this.#folder, { recursive: true });
    replaceFile(join(this.#folder, fileName(holder)), JSON.stringify(holder));
  }

  remove(holder: Holder): void {
    rmSync(join(this.#folder, fileName(holder)), { force: true });
  }
}

function fileName(holder: Holder): string {
  return `${holder.pid}-${holder.startTime}.json`;
}

/** The process that a record file names, such as the timer on the host; null if it is dead. */
export function recordedProcess(file: string): ProcessId | null {
  const id = readRecord(file, processSchema);
  return id !== null && processAlive(id) ? id : null;
}

/** What a file of ours holds; null where it is not there, or was damaged. */
function readRecord<T>(file: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data ?? null;
  } catch {
    return null;
  }
}

/** Readers see the old text or the new one, never half of it. */
export function replaceFile(file: string, text: string): void {
  const beside = `${file}.${process.pid}.new`;
  writeFileSync(beside, text, { mode: 0o600 });
  renameSync(beside, file);
}
