/** The exit code of a program says nothing of devices: one that finds none may end well. Its output does, where its words are known. */
const NONE = [
  /\bFalse\b/,
  /\bTrue\W+0\b/,
  /\bno (?:[\w-]+ ){0,2}(?:device|gpu|accelerator|driver)s?\b/i,
  /\b(?:found|detected) 0\b/i,
  /\b0 (?:[\w-]+ ){0,2}(?:devices|gpus|accelerators)\b/i,
  /\b(?:devices|gpus|accelerators|(?:device|gpu|accelerator)s? (?:count|available|found))\s*[:=]\s*(?:0|none|no|\[\])\s*$/im,
  /\b(?:cuda|rocm|gpu|device)s?\b[^\n]{0,20}\b(?:unavailable|not (?:available|found|detected))\b/i,
  /\b(?:fail(?:ed|ure)?|could ?n[o']t|cannot|unable)\b[^\n]{0,60}\b(?:nvml|cuda|(?:device|gpu|accelerator|driver)s?)\b/i,
  /\b(?:tests?|results?)\W+(?:is )?fail/i,
  /\bcpudevice\(/i,
  /^\s*(?:0|\[\]|false|none|null|cpu)\s*$/i,
];
const SOME = [
  /\bTrue\b(?!\W+0\b)/,
  /\b(?:nvidia|tesla|geforce|radeon|instinct|gaudi|amd)[ -](?!smi\b|driver\b|cuda\b)(?:[a-z]+ ){0,3}[a-z]*\d/i,
  /\bgpu(?: |-|: ?)?\d|\bGPU-[\da-f]{8}/i,
  /\b(?:cuda|xpu|hip):\d/i,
  /\b(?:cuda|rocm|gpu)device\(/i,
  /\b[1-9]\d* (?:[\w-]+ ){0,2}(?:device|gpu|accelerator)s?\b/i,
  /\b(?:devices|gpus|accelerators|(?:device|gpu|accelerator)s? (?:count|available|found))\s*[:=]\s*[1-9]/i,
  /\b(?:pass(?:ed)?|success(?:ful|fully)?)\b/i,
  /^\s*(?:[1-9]\d?|true|gpu|cuda)\s*$/i,
];

/** Shorter names, such as the index 0, may stand in any output. */
const SHORTEST_NAME = 4;

/**
 * What the output of a program says of the devices that it found; unknown where it has no known words, or contradicts itself.
 * @param given devices that its container was told of: their names are known words as well
 */
export function devicesIn(output: string, given: readonly string[] = []): 'some' | 'none' | 'unknown' {
  const isNone = NONE.some((words) => words.test(output));
  const isSome =
    SOME.some((words) => words.test(output)) ||
    given.some((name) => name.length >= SHORTEST_NAME && output.includes(name));
  if (isNone === isSome) return 'unknown';
  return isNone ? 'none' : 'some';
}
