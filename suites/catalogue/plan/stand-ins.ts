import type { Environment } from '../../../env/schema.ts';
import type { CatalogueRow } from '../types.ts';

/** Products that an environment replaces by stand-ins, according to its file. */
function standInsOf({ topology, ai, telemetry }: Environment): string[] {
  return [
    ...(topology.edge?.hops ?? []).flatMap(({ stubFor }) => (stubFor === undefined ? [] : [stubFor])),
    ...(ai?.llm.stubbed === true ? ['LLM'] : []),
    ...(telemetry?.dashboards?.stubbed === true ? ['Grafana'] : []),
  ];
}

/** The row with only those stand-ins that this environment uses: in others the same check meets the real product. */
export function withStandIns(environment: Environment, row: CatalogueRow): CatalogueRow {
  if (row.stubbed === undefined) return row;
  const here = standInsOf(environment);
  const { stubbed, ...rest } = row;
  const left = stubbed.filter((name) => here.includes(name));
  return left.length === 0 ? rest : { ...rest, stubbed: left };
}
