import type { HistoryHeader } from '../record/history/history.ts';
import type { Figure } from '../record/judgement.ts';

/** Says where nothing tells an answer of the service from one of somebody before it; none where something does. */
export function proofFigures({ settings }: Pick<HistoryHeader, 'settings'>): Figure[] {
  if (settings.application?.proof !== 'none') return [];
  return [
    {
      name: 'proof that the service answered',
      value: 'none is declared (application.proof): an answer of somebody before it counts as well',
    },
  ];
}
