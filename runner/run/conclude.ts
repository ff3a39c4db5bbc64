import { diffRuns, renderTerminal } from '../../reports/index.ts';
import { stackOf } from '../../reports/record/error-text.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import type { Baseline } from '../plan/baseline.ts';
import { writeRecord } from '../record/record.ts';
import { redactFolder } from '../record/redact-folder.ts';
import { moveLatest, RunFolderError, type RunFolder } from '../record/run-folder.ts';
import { writeEnd } from '../record/run-history.ts';
import type { CommandResult } from './guard.ts';
import type { Progress } from './progress.ts';

/** What the end of a run needs besides its record. */
interface Concluding {
  folder: RunFolder;
  /** As in the record of the run's end. */
  harnessFailure: string | null;
  baseline: Baseline | undefined;
  redact: (text: string) => string;
  secrets: readonly string[];
  progress: Progress;
  /** Sends what was written to wherever the environment wants it. */
  send: (written: RunRecord) => Promise<void>;
}

/**
 * The end of a run: writes its last line, the record and the reports, points `latest` at them, sends them, and shows the verdict.
 * @throws RunFolderError when they cannot be written; the verdict is shown even then
 */
export async function conclude(record: RunRecord, of: Concluding): Promise<CommandResult> {
  const { folder, harnessFailure, baseline, redact, secrets, progress, send } = of;
  const { interrupted, blocked = null, restored } = record;
  try {
    await writeEnd(folder.histories, { interrupted, blocked, harnessFailure, restored }, redact);
    redactFolder(folder.path, secrets);
    const written = await writeRecord(compared(record, baseline), folder, redact);
    const notMoved = moveLatest(folder);
    await send(written);
    progress.close();
    if (notMoved !== null) progress.say(`  ${notMoved}`);
    if (written.baseline !== undefined) progress.say(written.baseline.text.trimEnd());
    // Columns are 0 on some pseudo-terminals.
    const width = process.stdout.columns || undefined;
    progress.say(renderTerminal(written, { reportPath: `${folder.path}/report.html`, width }));
    return { exitCode: written.exitCode };
  } catch (cause) {
    progress.say(record.sentence);
    throw new RunFolderError(`The run's record cannot be written to ${folder.path}: ${stackOf(cause)}`, {
      cause,
    });
  }
}

/** With what has changed since the baseline. */
function compared(record: RunRecord, baseline: Baseline | undefined): RunRecord {
  if (baseline === undefined || 'missing' in baseline) return record;
  return { ...record, baseline: { id: baseline.run.id, text: diffRuns(record, baseline.run).text } };
}
