import type { Tags } from '../metrics/metric.ts';
import type { RunOptions } from '../options/scenario.ts';

/** System tags that are off unless `systemTags` names them (k6's documentation, "System tags"). */
const OFF_BY_DEFAULT = new Set(['vu', 'iter', 'ip', 'ocsp_status']);

type TagValues = Readonly<Record<string, string>>;

/** Whether a system tag is on. If it is off, scripts may use its name. */
export function isSystemTagOn({ systemTags }: RunOptions, name: string): boolean {
  return systemTags === null ? !OFF_BY_DEFAULT.has(name) : systemTags.includes(name);
}

/**
 * Tags of all samples of a scenario: those of the options, then the scenario's own, then system tags.
 * @param scenario null: for setup and teardown
 */
export function tagsOfScenario(
  options: RunOptions,
  scenario: { name: string; tags: TagValues } | null,
): Record<string, string> {
  const own = { ...options.tags, ...scenario?.tags };
  if (isSystemTagOn(options, 'group')) own['group'] = '';
  if (scenario !== null && isSystemTagOn(options, 'scenario')) own['scenario'] = scenario.name;
  return own;
}

/** Tags given for one sample; they win over the VU's. */
export class SampleTags implements Tags {
  readonly #vu: Tags;
  readonly #given: TagValues;
  readonly #system: TagValues;

  /** @param system system tags of this sample that are on; nothing overrides them */
  constructor(vu: Tags, given: TagValues, system: TagValues = {}) {
    this.#vu = vu;
    this.#given = given;
    this.#system = system;
  }

  tag(name: string): string | undefined {
    return this.#system[name] ?? this.#given[name] ?? this.#vu.tag(name);
  }
}

/** Reads a script's tags; values become text. @throws TypeError for values that k6 does not accept either */
export function tagsOf(given: unknown): Record<string, string> {
  if (typeof given !== 'object' || given === null) return {};
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, tagValue(name, value)]));
}

export function tagValue(name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return String(value);
  throw new TypeError(`tag '${name}': expected a string, a number or a boolean`);
}

/** `exec.vu.tags`: values that a script sets become text, and are tags of the samples that follow. */
export function tagsObject(vu: { tags: Record<string, string> }): object {
  return new Proxy(
    {},
    {
      get: (_, name) => (typeof name === 'string' ? vu.tags[name] : undefined),
      set: (_, name, value) => {
        vu.tags[String(name)] = tagValue(String(name), value);
        return true;
      },
      has: (_, name) => Object.hasOwn(vu.tags, name),
      deleteProperty: (_, name) => Reflect.deleteProperty(vu.tags, name),
      ownKeys: () => Reflect.ownKeys(vu.tags),
      getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(vu.tags, name),
    },
  );
}
