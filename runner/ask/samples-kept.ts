/** How many samples a record of metrics has: judges read all of them at once. */
import type { Series } from '../../reports/record/objective.ts';
import type { MetricQuestion } from './metric-questions.ts';

/**
 * Heap for a sample that is judged: 72 bytes once it is read, and the rest while it is counted. Measured on 2026-12-01 with Node 24: 122, 111 and 88
 * bytes each for 3.5, 7.1 and 13.5 million samples, which took 2.7, 5 and 10 s and blocked the process for 0.4 s at most.
 */
const SAMPLE_BYTES = 130;
/** What a run needs of the heap beside its judges. */
const OTHER_BYTES = 300_000_000;
/** 198 series over 28 days; 188 MB of history at the measured 23.5 bytes each. */
export const MOST_SAMPLES = 8_000_000;
/** 12 series over 28 days, one sample a minute. */
const LEAST = 500_000;

/**
 * How many samples of all objectives one record may have: the runner itself judges them, and has to survive it.
 * @param heapBytes the most heap that the process may take
 */
export function mostSamples(heapBytes: number): number {
  return Math.min(MOST_SAMPLES, Math.max(LEAST, Math.floor((heapBytes - OTHER_BYTES) / SAMPLE_BYTES)));
}

/** What the owner of an objective can do where its series are too many. */
export const FEWER_SERIES =
  'count them by a recording rule, or select fewer by labels, such as only the routes that the objective is of';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

interface OfQuestion {
  question: Pick<MetricQuestion, 'objectives' | 'fromMs' | 'toMs'>;
  samples: number;
  series: Set<string>;
}

/** Counts the samples of one record, over all its questions. */
export class SamplesKept {
  readonly #most: number;
  readonly #questions = new Map<object, OfQuestion>();
  #samples = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Counts a part of an answer, before it is written.
   * @throws Error where the samples are more than can be judged; it names the objectives of the question that has most of them
   */
  add(question: MetricQuestion, values: readonly Series[]): void {
    const own = this.#questions.get(question) ?? { question, samples: 0, series: new Set<string>() };
    this.#questions.set(question, own);
    for (const { labels, points } of values) {
      own.samples += points.length;
      this.#samples += points.length;
      own.series.add(JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
    }
    if (this.#samples > this.#most) throw new Error(this.#tooMany());
  }

  #tooMany(): string {
    const most = [...this.#questions.values()].reduce((a, b) => (b.samples > a.samples ? b : a));
    const { question, series, samples } = most;
    const { objectives, fromMs, toMs } = question;
    const memory =
      this.#most < MOST_SAMPLES
        ? `, or give the runner more memory (it takes ${SAMPLE_BYTES} bytes of Node's heap a sample)`
        : '';
    return `${objectivesText(objectives)}: ${series.size} series over ${lengthText(toMs - fromMs)} have ${samples} samples or more, and no more than ${this.#most} of all objectives together can be judged here: ${FEWER_SERIES}, or declare a shorter window${memory}`;
  }
}

export function objectivesText(objectives: readonly string[]): string {
  return `objective${objectives.length === 1 ? '' : 's'} ${objectives.join(', ')}`;
}

function lengthText(ms: number): string {
  const days = ms / DAY_MS;
  return days >= 1 ? `${Number(days.toPrecision(3))} d` : `${Number((ms / HOUR_MS).toPrecision(2))} h`;
}
