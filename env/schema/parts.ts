/**
 * Parts of the platform beside its stores, each a word of `--with`, in the order in which they are provisioned. A new one is a word here, what it
 * needs below, its folder and its row in env/local/platform/parts.ts (PARTS), and `parts` of its checks in the catalogue.
 */
export const PART_NAMES = ['telemetry', 'ai', 'gpu'] as const;
export type PartName = (typeof PART_NAMES)[number];

/** Words that each part needs too, where Plumbline provisions the platform. */
export const PART_NEEDS: Readonly<Record<PartName, readonly string[]>> = {
  telemetry: ['postgres'],
  ai: ['postgres', 'redis', 'rabbitmq', 'elasticsearch', 'neo4j'],
  gpu: [],
};

export function isPart(word: string): word is PartName {
  return (PART_NAMES as readonly string[]).includes(word);
}

/** Which needs of the chosen parts are missing, as a sentence with words that would do; null when none is. */
export function lackingNeeds(words: readonly string[]): string | null {
  for (const part of words.filter(isPart)) {
    const missing = PART_NEEDS[part].filter((need) => !words.includes(need));
    if (missing.length === 0) continue;
    const all = [...new Set([...PART_NEEDS[part], ...words])].join(',');
    return `the part ${part} needs ${missing.join(', ')} as well: --with ${all}`;
  }
  return null;
}
