import { COUNT, SWITCH } from '../../../store/recorded.ts';
import type { SettingKinds } from '../../../store/recorded.ts';
import type { Bounds, GoverningSetting, StoreTarget } from '../../../store/store-driver.ts';
import { anyMember, patroniConfig, patroniMembers } from './rest.ts';

/** Patroni's dynamic settings that govern a failover (documentation, "Dynamic Configuration Settings"), in the order in which they are read. */
export const GOVERNING = {
  ttl: COUNT,
  loop_wait: COUNT,
  retry_timeout: COUNT,
  primary_start_timeout: COUNT,
  maximum_lag_on_failover: COUNT,
  // Or `quorum`.
  synchronous_mode: /^[a-z]+$/,
  synchronous_mode_strict: SWITCH,
  failsafe_mode: SWITCH,
} as const satisfies SettingKinds;

/** Its own defaults (as above). */
const PATRONI_DEFAULTS: Readonly<Record<keyof typeof GOVERNING, string>> = {
  ttl: '30',
  loop_wait: '10',
  retry_timeout: '10',
  primary_start_timeout: '300',
  maximum_lag_on_failover: '1048576',
  synchronous_mode: 'false',
  synchronous_mode_strict: 'false',
  failsafe_mode: 'false',
};
/** The name before Patroni 3.0. */
const OLD_NAMES: Readonly<Record<string, string>> = { primary_start_timeout: 'master_start_timeout' };

/** @throws Error when no member's Patroni answers */
export async function patroniSettings(target: StoreTarget, bounds: Bounds): Promise<GoverningSetting[]> {
  const members = await patroniMembers(target);
  const config = await anyMember(members, (member) => patroniConfig(member, bounds));
  return Object.entries(PATRONI_DEFAULTS).map(([name, fallback]) => {
    const value = config[name] ?? config[OLD_NAMES[name] ?? ''];
    const source = value === undefined ? "Patroni's default, not set in /config" : 'Patroni /config';
    return { name, value: value === undefined ? fallback : scalar(value), source };
  });
}

/** Patroni's settings are numbers, switches and words; anything else shows as JSON. */
export function scalar(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
