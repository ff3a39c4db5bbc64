import { storeKind } from '../../../probes/declared-stores.ts';
import type { Environment, StoreName, Telemetry } from '../../../env/schema.ts';
import { DASHBOARD_PRODUCTS } from '../../../probes/dashboards/products.ts';
import { LOG_KINDS } from '../../../probes/logs/kinds.ts';
import { TRACE_KINDS } from '../../../probes/traces/kinds.ts';
import { OPERATORS, operatorsOf } from '../operators.ts';
import { application, requirementsOf } from '../requirements.ts';
import type { CatalogueRow, TelemetrySource } from '../types.ts';

/** The row with the adapters that this environment makes it use and that were written from documentation alone. */
export function withNotMet(environment: Environment, row: CatalogueRow): CatalogueRow {
  const declared = Object.entries(environment.stores);
  const asked = row.asksStores === true ? declared : declared.filter(([name]) => name === row.injects?.store);
  const ofStores = asked.flatMap(([name, store]) => {
    const sections = new Map(Object.entries(store));
    return unmetOf(name).filter(({ key }) => sections.get(key) !== undefined);
  });
  const sources = requirementsOf(row).flatMap(({ source }) => (source === undefined ? [] : [source]));
  const ofTelemetry = sources.flatMap((source) => unmetIn(environment, source));
  const operators = operatorsOf(environment, row).filter(isUnmet);
  const adapters = [...ofStores, ...ofTelemetry, ...operators].map(({ label }) => label);
  const labels = [
    ...adapters,
    ...(row.asksObjectives === true ? templates(environment) : []),
    ...ofApplication(environment, row),
  ];
  return labels.length === 0 ? row : { ...row, notMet: [...new Set(labels)] };
}

/** Tokens were got from servers of tests alone, which answer as RFC 6749 has it. */
function ofApplication({ application: declared }: Environment, row: CatalogueRow): string[] {
  if (declared?.credentials?.oauth2 === undefined) return [];
  return requirementsOf(row).some(({ what }) => what === application.what)
    ? ['OAuth2 client credentials']
    : [];
}

/** Templates of objectives that no real product has answered. */
function templates({ objectives }: Environment): string[] {
  return [...new Set(objectives.flatMap(({ notMet = [] }) => notMet))];
}

/** Of a source of telemetry, the declared products that nobody has met. A stand-in is none of them, and is said elsewhere. */
function unmetIn({ telemetry }: Environment, source: TelemetrySource): { label: string }[] {
  const declared = UNMET[source].filter(({ isIn }) => telemetry !== undefined && isIn(telemetry));
  return declared.map(({ label }) => ({ label }));
}

interface Product {
  label: string;
  /** What an environment file says of one. */
  declaredBy: string;
  isIn: (declared: Telemetry) => boolean;
}

/** Products of telemetry that no real one has answered yet. */
const UNMET: Readonly<Record<TelemetrySource, readonly Product[]>> = {
  logs: LOG_KINDS.filter(isUnmet).map(({ kind, label }) => ({
    label,
    declaredBy: `telemetry.logs.kind: ${kind}`,
    isIn: ({ logs }) => logs?.kind === kind,
  })),
  traces: TRACE_KINDS.filter(isUnmet).map(({ kind, label }) => ({
    label,
    declaredBy: `telemetry.traces.kind: ${kind}`,
    isIn: ({ traces }) => traces?.kind === kind,
  })),
  alerts: [],
  dashboards: DASHBOARD_PRODUCTS.filter(isUnmet).map(({ label, declaredBy, isIn }) => ({
    label,
    declaredBy: `telemetry.${declaredBy}`,
    isIn: ({ dashboards }) => dashboards !== undefined && isIn(dashboards),
  })),
};

function isUnmet({ metWith }: { metWith: string | null }): boolean {
  return metWith === null;
}

/** Every adapter that no real product has answered yet, with the key of an environment file that declares it. */
export function notMetYet(stores: readonly StoreName[]): { label: string; declaredBy: string }[] {
  const ofStores = stores.flatMap((store) =>
    unmetOf(store).map(({ key, label }) => ({ label, declaredBy: `stores.${store}.${key}` })),
  );
  const others = [...Object.values(UNMET).flat(), ...OPERATORS.filter(isUnmet)];
  return [...ofStores, ...others.map(({ label, declaredBy }) => ({ label, declaredBy }))];
}

function unmetOf(store: string): { key: string; label: string }[] {
  return Object.entries(storeKind(store).managers ?? {}).flatMap(([key, { label, metWith }]) =>
    metWith === null ? [{ key, label }] : [],
  );
}
