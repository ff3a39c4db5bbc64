/** Checks of the AI service: without it there is nothing for them to look at. */
const PREFIXES: readonly string[] = ['performance/ai/', 'failover/ai/', 'integrations/llm'];

export function aboutAi(check: string): boolean {
  return PREFIXES.some((prefix) => check.startsWith(prefix));
}
