import type { Environment } from '../../../env/schema.ts';
import type { CatalogueRow } from '../types.ts';

/** What stands in for something else in an environment, as its file says. */
function standInsOf({ topology, ai, telemetry }: Environment): string[] {
  return [
    ...(topology.edge?.hops ?? []).flatMap(({ stubFor }) => (stubFor === undefined ? [] : [stubFor])),
    ...(ai?.llm.stubbed === true ? ['LLM'] : []),
    ...(telemetry?.dashboards?.stubbed === true ? ['Grafana'] : []),
  ];
}

/** A row with those of its stand-ins that stand in here: elsewhere the same check looks at the real thing. */
export function withStandIns(environment: Environment, row: CatalogueRow): CatalogueRow {
  if (row.stubbed === undefined) return row;
  const here = standInsOf(environment);
  const { stubbed, ...rest } = row;
  const left = stubbed.filter((name) => here.includes(name));
  return left.length === 0 ? rest : { ...rest, stubbed: left };
}
