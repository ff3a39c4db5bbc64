import { lookUntil } from '../../host/wait.ts';
import type { Journal } from './journal/journal.ts';
import { bootId } from '../../host/process-identity.ts';
import { isKubeRollback } from './types.ts';
import type { Entry, KubeCall, RestoreReport, UndoResult } from './types.ts';
import { undoKube } from './timers/undo-kube.ts';
import { endsWithBoot, undoNode } from './undo-node.ts';
import { errorText } from '../../reports/record/error-text.ts';

const CALL_TIMEOUT_MS = 10_000;
const RETRY_EVERY_MS = 1_000;

export type UndoContext = {
  readonly journal: Journal;
  /** null: the API server cannot be reached from here; rollbacks that need it fail. */
  readonly kube: KubeCall | null;
  /** UID of the namespace kube-system, which identifies the cluster; null: not known, and every entry is taken for one of this cluster. */
  readonly clusterUid: string | null;
  /** How long failed steps are retried: a stopped API server answers only after other steps are undone. */
  readonly retryForMs: number;
};

/**
 * Undoes entries in reverse order, goes on past a step that fails, and tries failed ones again for a while. Idempotent:
 * what was undone already, by whomever, changes nothing. Never throws for a step; `failed` has a sentence for each.
 */
export async function undoAll(entries: readonly Entry[], context: UndoContext): Promise<RestoreReport> {
  const undone: string[] = [];
  const conflicts: string[] = [];
  const failed = new Map<number, string>();
  let left = entries.toSorted((a, b) => b.seq - a.seq);
  const once = async (): Promise<void> => {
    failed.clear();
    for (const entry of left) {
      const sentence = await undoOne(entry, context, { undone, conflicts });
      if (sentence !== null) failed.set(entry.seq, sentence);
    }
    left = left.filter(({ seq }) => failed.has(seq));
  };
  await lookUntil(once, () => left.length === 0, {
    deadlineMs: context.retryForMs,
    intervalMs: RETRY_EVERY_MS,
  });
  return {
    actions: entries.length,
    undone,
    failed: [...new Set([...conflicts, ...failed.values()])],
    conflicts,
  };
}

/** Returns null when the step is settled, else why it failed. */
async function undoOne(
  entry: Entry,
  context: UndoContext,
  { undone, conflicts }: { undone: string[]; conflicts: string[] },
): Promise<string | null> {
  const label = `${entry.title} (${entry.check})`;
  let result: UndoResult;
  try {
    result = await resultOf(entry, context);
  } catch (error) {
    const message = errorText(error);
    const known = entry.state === 'failed' && entry.note === message;
    const unwritten = known ? null : written(() => context.journal.setState(entry.seq, 'failed', message));
    return `${label}: ${message}${unwritten === null ? '' : `; ${unwritten}`}`;
  }
  if (result.outcome === 'undone') undone.push(label);
  if (result.outcome === 'conflict') conflicts.push(`${label}: ${result.note}`);
  const unwritten = written(() => settle(context.journal, entry.seq, result));
  return unwritten === null ? null : `${label}: ${result.outcome}, but ${unwritten}`;
}

/** A journal on a full disk must not stop the remaining steps. Returns null, or the failure as text. */
function written(write: () => void): string | null {
  try {
    write();
    return null;
  } catch (error) {
    return `the journal cannot be written: ${errorText(error)}`;
  }
}

function settle(journal: Journal, seq: number, result: UndoResult): void {
  if ('note' in result) journal.setState(seq, 'void', `${result.outcome}: ${result.note}`);
  else journal.setState(seq, 'done', result.outcome);
}

async function resultOf(entry: Entry, context: UndoContext): Promise<UndoResult> {
  const { rollback } = entry;
  if (context.clusterUid !== null && entry.clusterUid !== context.clusterUid) {
    return {
      outcome: 'void',
      note: `the change was made to an earlier cluster (UID ${entry.clusterUid}); this cluster has replaced it`,
    };
  }
  if (isKubeRollback(rollback)) {
    if (context.kube === null) throw new Error('there is no connection to the API server');
    return undoKube(rollback, context.kube, CALL_TIMEOUT_MS);
  }
  if (entry.bootId !== bootId() && endsWithBoot(rollback))
    return { outcome: 'void', note: 'the machine was restarted since' };
  return undoNode(rollback, context.kube);
}
