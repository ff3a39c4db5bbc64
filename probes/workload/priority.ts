import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** Low among the real-time priorities: above everything that is scheduled fairly, and above a server that a test puts at 1. */
const REAL_TIME_PRIORITY = 2;
const CHRT_DEADLINE_MS = 2000;

/**
 * Asks for what keeps a process (and what it starts later) punctual on a busy machine, and says what it got. Niceness alone counts only within a session
 * (the kernel's autogroup) or a control group, so the first choice is the real-time class; the kernel leaves others 5 % of
 * each second even then. Without CAP_SYS_NICE nothing changes, and the lag is recorded as it is.
 */
export function raisePriority(pid: number = process.pid, priority: number = REAL_TIME_PRIORITY): string {
  try {
    const args = ['--all-tasks', '--fifo', '--pid', String(priority), String(pid)];
    execFileSync('chrt', args, { stdio: 'ignore', timeout: CHRT_DEADLINE_MS });
    return `real-time ${priority}`;
  } catch {
    return raiseNiceness(pid);
  }
}

function raiseNiceness(pid: number): string {
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGHEST);
    writeFileSync(`/proc/${pid}/autogroup`, String(constants.priority.PRIORITY_HIGHEST));
    return `nice ${constants.priority.PRIORITY_HIGHEST}`;
  } catch {
    return 'as others';
  }
}
