import type { History } from '../record/history/history.ts';
import type { Figure } from '../record/judgement.ts';
import { kindOfService } from '../record/names/topology-names.ts';
import type { Seen } from '../record/observations/index.ts';
import { last } from './observed.ts';
import { podNames } from './workload-pods.ts';

export interface Answered {
  seen: Seen<'answered-by'>;
  /** Pods of the backend that answered. */
  pods: number;
}

/** Which pods of the backend answered looks through the edge; null: no header is declared that names them; undefined: nobody asked. */
export function answeredBy(history: History): Answered | null | undefined {
  const { application, topology } = history.header.settings;
  const service = topology?.edge?.backend?.deployment;
  if (application?.servedBy === undefined || service === undefined) return null;
  const seen = last(history, 'answered-by');
  if (seen === undefined) return undefined;
  const kind = kindOfService(service, topology?.workloads);
  const isOwn = new RegExp(`^${podNames({ kind, name: service.name })}$`);
  return { seen, pods: new Set(seen.pods.map(({ pod }) => pod).filter((pod) => isOwn.test(pod))).size };
}

/** For the reader: also where nothing says who answered. */
export function answeredFigure(history: History): Figure {
  const answered = answeredBy(history);
  const name = 'pods that answered';
  if (answered === null) return { name, value: 'not judged: application.servedBy is not declared' };
  if (answered === undefined) return { name, value: 'not asked' };
  return { name, value: `${answered.pods} of the backend, to ${answered.seen.asked} requests` };
}

/** Why answers may be those of somebody before the service, such as a cache; empty: its pods answer, or no header says so. */
export function unansweredGaps(history: History): string[] {
  const answered = answeredBy(history);
  if (answered === null) return [];
  if (answered === undefined) return ['which pods answered was not asked'];
  const { pods, seen } = answered;
  return pods > 0
    ? []
    : [`no pod of the backend answered any of ${seen.asked} requests: somebody before it did`];
}
