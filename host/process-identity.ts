import { readFileSync } from 'node:fs';
import { waitFor } from './wait.ts';

/** A process that cannot be mistaken for a later one with the same number. */
export type ProcessId = {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: start time in clock ticks since boot. */
  readonly startTime: string;
};

/** The kernel's id of this boot: it changes with every start of the machine. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Index of field 22, which counts from 1, among the fields from the third on. */
const START_TIME_AFTER_NAME = 22 - 3;

/** Parses the state letter and the start time out of /proc/PID/stat, whose second field may hold spaces and brackets. */
export function parseStat(stat: string): { state: string; startTime: string } | null {
  const end = stat.lastIndexOf(')');
  if (end < 0) return null;
  const fields = stat
    .slice(end + 2)
    .trim()
    .split(' ');
  const state = fields[0];
  const startTime = fields[START_TIME_AFTER_NAME];
  return state === undefined || startTime === undefined ? null : { state, startTime };
}

/** The process that has this PID now, or null. A zombie counts as none, since it no longer runs. */
export function identify(pid: number): ProcessId | null {
  const stat = readProc(pid, 'stat');
  const parsed = stat === null ? null : parseStat(stat);
  if (parsed === null || parsed.state === 'Z' || parsed.state === 'X') return null;
  return { pid, startTime: parsed.startTime };
}

/** Whether this very process still runs. */
export function processAlive(process: ProcessId): boolean {
  return identify(process.pid)?.startTime === process.startTime;
}

/** The command line of a process, arguments joined by spaces; empty for a kernel thread or when the process is gone. */
export function commandLine(pid: number): string {
  return (readProc(pid, 'cmdline') ?? '').replaceAll('\0', ' ').trim();
}

/**
 * Sends a signal to each process, unless it has ended or its PID now belongs to another process.
 * @returns which were signalled and which were gone already.
 */
export function killProcesses(
  processes: readonly ProcessId[],
  signal: NodeJS.Signals = 'SIGKILL',
): { killed: ProcessId[]; gone: ProcessId[] } {
  const killed: ProcessId[] = [];
  const gone: ProcessId[] = [];
  for (const one of processes) (sendSignal(one, signal) ? killed : gone).push(one);
  return { killed, gone };
}

/** Waits until none of the processes runs any more. */
export async function waitGone(
  processes: readonly ProcessId[],
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await waitFor(
    () => {
      const left = processes.filter(processAlive);
      if (left.length === 0) return true;
      throw new Error(
        `still running: ${left.map((one) => `${one.pid} (${commandLine(one.pid).slice(0, 80)})`).join(', ')}`,
      );
    },
    { what: `the end of ${processes.length} processes`, intervalMs: 20, ...options },
  );
}

function sendSignal(target: ProcessId, signal: NodeJS.Signals): boolean {
  if (!processAlive(target)) return false;
  try {
    process.kill(target.pid, signal);
    return true;
  } catch {
    return false;
  }
}

function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return null;
  }
}
