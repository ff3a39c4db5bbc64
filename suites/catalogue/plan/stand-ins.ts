import type { Environment } from '../../../env/schema.ts';
import { requirementsOf } from '../requirements.ts';
import type { CatalogueRow } from '../types.ts';

/** Something that checks meet, for which an environment may have a stand-in. */
interface Met {
  /** The product that the embedded environment has a stand-in for. */
  product: string;
  /** Products for which an environment has a stand-in there, according to its file. */
  standIns: (environment: Environment) => string[];
  /** What those checks require that meet it. */
  required: readonly string[];
}

const MET: readonly Met[] = [
  {
    product: 'Kong',
    standIns: ({ topology }) =>
      (topology.edge?.hops ?? []).flatMap(({ stubFor }) => (stubFor === undefined ? [] : [stubFor])),
    required: ['topology.edge', 'topology.edge.backend'],
  },
  {
    product: 'LLM',
    standIns: ({ ai }) => (ai?.llm.stubbed === true ? ['LLM'] : []),
    required: ['ai', 'ai.scaling'],
  },
  {
    product: 'Grafana',
    standIns: ({ telemetry }) => (telemetry?.dashboards?.stubbed === true ? ['Grafana'] : []),
    required: ['telemetry.dashboards'],
  },
];

/** What the check meets, by what it requires. */
function metBy(row: CatalogueRow): readonly Met[] {
  const required = requirementsOf(row).map(({ what }) => what);
  return MET.filter((one) => one.required.some((what) => required.includes(what)));
}

/** Products that the check meets as stand-ins in the embedded environment. */
export function standInsIn(row: CatalogueRow): string[] {
  return [...new Set([...metBy(row).map(({ product }) => product), ...(row.stubbed ?? [])])];
}

/** The row with only those stand-ins that this environment uses: in others the same check meets the real product. */
export function withStandIns(environment: Environment, row: CatalogueRow): CatalogueRow {
  const { stubbed = [], ...rest } = row;
  const here = MET.flatMap(({ standIns }) => standIns(environment));
  const met = metBy(row).flatMap(({ standIns }) => standIns(environment));
  const left = [...new Set([...met, ...stubbed.filter((name) => here.includes(name))])];
  return left.length === 0 ? rest : { ...rest, stubbed: left };
}
