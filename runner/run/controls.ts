import { matchesAny } from '../../env/globs.ts';
import { partsOf, planChecks, rowOf, storeFault, type PlannedCheck } from '../../suites/catalogue/index.ts';
import { declaredWords } from '../../env/declared-words.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import type { InstanceName } from '../../host/paths.ts';
import { waitFor } from '../../host/wait.ts';
import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import { provisionedOf } from '../../env/providers/index.ts';
import type { Environment } from '../../env/schema.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import { NotApplicable } from '../../suites/harness/control.ts';
import type { Control, ControlContext } from '../../suites/harness/control.ts';
import { allControls } from '../../suites/catalogue/loaded.ts';
import { atRest } from '../ask/at-rest.ts';
import { RunState } from '../state/run-state.ts';
import { connect } from './connect.ts';
import { controlContext } from './control-context.ts';
import { CheckRunner } from '../serve/check-runner.ts';
import { watchEventLoop } from '../serve/watchdog.ts';
import { embeddedOf, timeoutMsOf } from '../plan/environment-parts.ts';
import { guarded, interruptible, type CommandResult } from './guard.ts';
import { Interrupt } from './interrupt.ts';
import { leftBroken } from '../state/leftovers.ts';
import { ensureOwnNamespaces } from './own-namespaces.ts';
import { Progress } from './progress.ts';
import { swept } from '../record/redact-folder.ts';
import { checkFolderName, makeRunFolder, RUNS, type RunFolder } from '../record/run-folder.ts';
import { kubeCallTo, openSafety, type Safety } from '../provider-safety.ts';
import { differences, type Snapshot } from '../ask/snapshot/snapshot.ts';
import { takeSnapshot } from '../ask/snapshot/take.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { oneLine } from '../../reports/render/text.ts';

const LOOK_EVERY_MS = 250;

type Size = 'small' | 'full';

export interface ControlsOptions {
  /** Globs over ids of checks, or of controls; absent: all. */
  check?: readonly string[] | undefined;
  /** Globs over the same, of those to leave out. */
  without?: readonly string[] | undefined;
  /** `small` (default): those that run on local-small; `full`: those that need the full size, on local. */
  size?: Size | undefined;
  out?: string | undefined;
}

/** `plumbline controls`: breaks what each check checks and proves that this is caught. Exit 0 when every control was. Never throws. */
export function runControls(options: ControlsOptions): Promise<CommandResult> {
  return guarded(async () => {
    const size = options.size ?? 'small';
    const environment = await openEnvironment(size === 'full' ? 'local' : 'local-small', {
      size,
      with: 'provisioned',
    });
    const { chosen, left } = chooseControls(await allControls(), { ...options, size }, environment);
    const instance = embeddedOf(environment);
    const found = (await provisionedOf(environment.cluster))?.size();
    if (instance === undefined || found !== size) {
      throw new CommandError(
        `Controls break things, so they run only in a ${size} environment that \`plumbline env up --env ${environment.name} --size ${size}\` provisioned; found ${found ?? 'none'}`,
        EXIT.usage,
      );
    }
    const progress = new Progress();
    const interrupt = new Interrupt((line) => progress.say(line));
    try {
      const folder = makeRunFolder(options.out ?? RUNS, `${environment.name}-controls`);
      const run = new ControlRun({ environment, instance, size, folder, progress, interrupt });
      return await interruptible(interrupt, () => run.all(chosen, leftOutText(left, size)));
    } finally {
      progress.close();
      interrupt.close();
    }
  });
}

/** Those to run, and those that were chosen as well and cannot be run here. */
function chooseControls(
  all: readonly Control[],
  { size, ...selection }: ControlsOptions & { size: Size },
  environment: Environment,
): { chosen: Control[]; left: LeftOut[] } {
  const here = all.map((control) => ({ control, ...lackOf(control, size, environment) }));
  const isHeld = ({ otherSize, lacks }: LeftOut): boolean => !otherSize && lacks.length === 0;
  const held = here.filter(isHeld).map(({ control }) => control);
  // The short ones first.
  held.sort((a, b) => usualMsOf(environment, a.check) - usualMsOf(environment, b.check));
  const provisioned = declaredWords(environment).join(', ');
  return {
    chosen: selected(held, selection, `control of the provisioned components (${provisioned})`),
    left: here.filter((one) => !isHeld(one) && isSelected(one.control, selection)),
  };
}

/** A control for which there is nothing to break here. */
interface LeftOut {
  /** It is held by the other size of the environment. */
  otherSize: boolean;
  /** Stores and components that it needs and that are not provisioned. */
  lacks: readonly string[];
}

function lackOf(control: Control, size: Size, environment: Environment): LeftOut {
  const provisioned = declaredWords(environment);
  const store = storeFault(control.check)?.store;
  const stores = store !== undefined && environment.stores[store] === undefined ? [store] : [];
  const words = needs(control).filter((word) => !provisioned.includes(word));
  return {
    otherSize: (control.size === 'full') !== (size === 'full'),
    lacks: [...new Set([...stores, ...words])],
  };
}

/** What is said of those that were not run, besides the skipped ones: nobody may take them for proved. null: there are none. */
export function leftOutText(left: readonly LeftOut[], size: Size): string | null {
  const ofSize = left.filter(({ otherSize }) => otherSize);
  const ofParts = left.filter(({ otherSize }) => !otherSize);
  const parts = [...new Set(ofParts.flatMap(({ lacks }) => lacks))].sort().join(', ');
  const texts = [
    ...(ofParts.length > 0 ? [`${ofParts.length} of parts that are not provisioned (${parts})`] : []),
    ...(ofSize.length > 0 ? [`${ofSize.length} of --size ${size === 'full' ? 'small' : 'full'}`] : []),
  ];
  return texts.length === 0
    ? null
    : `left out: ${texts.join(' and ')}: that their checks can fail is not shown by this`;
}

type Selection = Pick<ControlsOptions, 'check' | 'without'>;
type Named = Pick<Control, 'id' | 'check'>;

const isNamed = (globs: readonly string[], { id, check }: Named): boolean =>
  matchesAny(globs, check) || matchesAny(globs, id);

function isSelected(control: Named, { check = ['**'], without = [] }: Selection): boolean {
  return isNamed(check, control) && !isNamed(without, control);
}

/**
 * Of the controls those that the globs choose.
 * @throws CommandError (usage) for a glob that matches none, with those that there are: a wrong name must not choose or leave out silently
 */
export function selected<T extends Named>(
  controls: readonly T[],
  selection: Selection,
  what = 'control',
): T[] {
  const globs = [...(selection.check ?? ['**']), ...(selection.without ?? [])];
  const none = globs.filter((glob) => !controls.some((one) => isNamed([glob], one)));
  const found = controls.filter((one) => isSelected(one, selection));
  if (none.length === 0 && found.length > 0) return found;
  const why = none.length > 0 ? `no ${what} matches "${none.join('", "')}"` : `every ${what} is left out`;
  throw new CommandError(
    `${why}; available controls:\n${controls.map(({ id }) => `  ${id}`).join('\n')}`,
    EXIT.usage,
  );
}

function usualMsOf(environment: Environment, check: string): number {
  const usual = rowOf(check)?.time.usualMs ?? 0;
  return typeof usual === 'number' ? usual : usual(environment);
}

/** Components (`--with`) that a control needs: those of its check, and its own. */
function needs({ check, requires = [] }: Control): readonly string[] {
  return [...partsOf(check), ...requires];
}

/** How controls end by their counts. Inconclusive if some were skipped or none ran: not every check is shown to be able to fail. */
export function endOf(
  { passed, failed, skipped }: { passed: number; failed: number; skipped: number },
  unrestored: number,
): { exitCode: number; said: string | null } {
  if (failed > 0 || unrestored > 0) return { exitCode: EXIT.notMet, said: null };
  if (passed === 0)
    return { exitCode: EXIT.inconclusive, said: 'no control was run, so no check is proved able to fail' };
  if (skipped > 0)
    return {
      exitCode: EXIT.inconclusive,
      said: `${skipped} controls were skipped: whether their checks can fail is not proved`,
    };
  return { exitCode: EXIT.met, said: null };
}

/** Controls so far. */
interface Outcomes {
  passed: number;
  failed: number;
  skipped: number;
  uncaught: Uncaught[];
}

interface Uncaught {
  control: Pick<Control, 'id' | 'verdict'>;
  /** Everything that was not as it must be. */
  problems: readonly string[];
}

/** A line for each control that was not caught, for those who read the last lines of a long log; scripts/running/failures.ts reads them. */
export function uncaughtLines(uncaught: readonly Uncaught[]): string[] {
  if (uncaught.length === 0) return [];
  const each = uncaught.map(({ control: { id, verdict }, problems }) => {
    const said = problems.map((problem) => oneLine(problem));
    return `  ${id}: must be ${verdict}; ${said.join('; ')}`;
  });
  return [
    `${uncaught.length} negative control${uncaught.length === 1 ? ' was' : 's were'} not caught:`,
    ...each,
  ];
}

/** What came of a control: everything that is not as it must be, and why it has nothing to break here; null: it has. */
interface Came {
  problems: string[];
  inapplicable: string | null;
}

/** What came of one that threw. */
export function cameOf(error: unknown): Came {
  if (error instanceof NotApplicable) return { problems: [], inapplicable: error.message };
  return { problems: [`the control itself failed: ${errorText(error)}`], inapplicable: null };
}

interface ControlRunParts {
  environment: Environment;
  instance: InstanceName;
  size: Size;
  folder: RunFolder;
  progress: Progress;
  interrupt: Interrupt;
}

class ControlRun {
  readonly #parts: ControlRunParts;
  #kubeconfig = '';
  #runner: CheckRunner | null = null;

  constructor(parts: ControlRunParts) {
    this.#parts = parts;
  }

  async all(chosen: readonly Control[], left: string | null): Promise<CommandResult> {
    const { environment, instance, folder, progress, interrupt } = this.#parts;
    const broken = leftBroken(environment);
    if (broken !== null) progress.say(`${environment.name}: ${broken}`);
    const connection = await connect({ environment, progress, signal: interrupt.signal, provision: false });
    const kube = kubeCallTo(connection.cluster);
    this.#kubeconfig = connection.kubeconfig;
    const unrestored: string[] = [];
    const counts: Outcomes = { passed: 0, failed: 0, skipped: 0, uncaught: [] };
    const each = async (): Promise<void> => {
      await ensureOwnNamespaces(environment, kube.call);
      const safety = await openSafety({
        environment: environment.name,
        embedded: instance,
        clusterUid: connection.uid,
        kube: kube.call,
        kubeconfig: connection.kubeconfig,
        runId: folder.id,
        systemNamespace: environment.namespaces.system,
        undoImage: environment.drills.undoImage,
        undoReadyMs: timeoutMsOf(environment, 'podReady'),
        restoreDeadlineMs: timeoutMsOf(environment, 'restoreDeadline'),
        notice: (message) => progress.say(`  ${message}`),
        signal: interrupt.signal,
      });
      const endWatch = watchEventLoop();
      try {
        const runner = this.#makeRunner(connection.cluster, safety);
        this.#runner = runner;
        progress.redact = (text) => runner.runState.redact(text);
        for (const control of chosen) await this.#count(runner, control, counts);
      } finally {
        unrestored.push(...(await safety.close().finally(endWatch)).failed);
      }
    };
    try {
      await swept(folder.path, () => this.#runner?.stores.secrets() ?? [], each);
    } finally {
      this.#runner?.application.close();
      kube.close();
      connection.cluster.close();
    }
    for (const failure of unrestored) progress.say(`✗ not restored: ${oneLine(failure)}`);
    progress.say(`histories: ${folder.histories}`);
    for (const line of uncaughtLines(counts.uncaught)) progress.say(line);
    if (left !== null) progress.say(left);
    progress.say(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    const { exitCode, said } = endOf(counts, unrestored.length);
    if (said !== null) progress.say(said);
    return { exitCode };
  }

  #makeRunner(cluster: CheckRunner['parts']['cluster'], safety: Safety): CheckRunner {
    const { environment, folder, interrupt } = this.#parts;
    // Prints nothing: the checks are meant to fail, and only the controls' outcomes matter.
    const quiet = new Progress({ write: () => undefined });
    const runState = new RunState({
      environment,
      run: folder.id,
      histories: folder.histories,
      progress: quiet,
    });
    return new CheckRunner({ runState, folder, cluster, safety, signal: interrupt.signal });
  }

  async #count(runner: CheckRunner, control: Control, counts: Outcomes): Promise<void> {
    const { progress, interrupt } = this.#parts;
    if (interrupt.signal.aborted) {
      counts.skipped += 1;
      return;
    }
    progress.doing(`${control.id}: ${control.title}`);
    const startedMs = performance.now();
    const { problems, inapplicable } = await this.#one(runner, control);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    if (problems.length === 0 && inapplicable !== null) {
      counts.skipped += 1;
      progress.say(`– ${control.id} does not apply here: ${oneLine(inapplicable)}`);
      return;
    }
    if (problems.length === 0) {
      counts.passed += 1;
      progress.say(`✓ ${control.id} → ${control.verdict}: ${control.title}  [${seconds} s]`);
      return;
    }
    counts.failed += 1;
    counts.uncaught.push({ control, problems });
    progress.say(`✗ ${control.id} (must be ${control.verdict}: ${control.title})  [${seconds} s]`);
    for (const problem of problems) progress.say(`    ${oneLine(problem)}`);
  }

  /** Breaks, runs the check, compares, restores, looks. Returns everything that is not as it must be, or why there is nothing to break. */
  async #one(runner: CheckRunner, control: Control): Promise<Came> {
    const problems: string[] = [];
    let inapplicable: string | null = null;
    let before: Snapshot | null = null;
    const over = new AbortController();
    try {
      const about = storeFault(control.check)?.store ?? null;
      const { seen, restless } = await atRest(runner, this.#parts.interrupt.signal, about);
      if (restless.length > 0)
        return {
          problems: restless
            .slice(0, 5)
            .map((line) => `the environment was not at rest before the control: ${line}`),
          inapplicable,
        };
      before = seen;
      problems.push(...(await this.#problemsOf(runner, control, over.signal)));
    } catch (error) {
      const of = cameOf(error);
      problems.push(...of.problems);
      inapplicable = of.inapplicable;
    } finally {
      over.abort(new Error('the control is over'));
    }
    const restored = await runner.parts.safety.restore({ check: control.id });
    problems.push(...restored.failed.map((failure) => `not restored: ${failure}`));
    if (before !== null) problems.push(...(await this.#asBefore(runner, before)));
    return { problems, inapplicable };
  }

  async #problemsOf(runner: CheckRunner, control: Control, over: AbortSignal): Promise<string[]> {
    const { environment, instance, size, folder, progress, interrupt } = this.#parts;
    const planned = this.#plan(control);
    const ctx = controlContext(control, {
      runner,
      environment,
      instance,
      size,
      kubeconfig: this.#kubeconfig,
      signal: AbortSignal.any([interrupt.signal, over]),
      log: (message) => progress.say(`    ${control.id}: ${message}`),
    });
    runner.runState.histories = `${folder.histories}/${checkFolderName(control.id)}`;
    runner.runState.outcomes.delete(control.check);
    const { goals, settings } = control.settings ?? {};
    runner.runState.overrides.set(control.check, { goals, settings });
    try {
      await control.break(ctx);
      await runner.runBatch([planned]);
      return await this.#compare(control, ctx, runner.runState.outcomes.get(control.check)?.judgement);
    } finally {
      runner.runState.overrides.delete(control.check);
    }
  }

  #plan(control: Control): PlannedCheck {
    const { environment } = this.#parts;
    const [planned] = planChecks(environment, {
      checks: [control.check],
      repeat: control.settings?.trials ?? 1,
    });
    if (!planned || planned.notRun !== null)
      throw new Error(`${control.check} cannot run here: ${planned?.notRun?.text ?? 'unknown check'}`);
    return planned;
  }

  async #compare(control: Control, ctx: ControlContext, judgement: Judgement | undefined): Promise<string[]> {
    if (!judgement) return ['the check came to no verdict'];
    const { verdict, reason, seen, findings } = judgement;
    if (verdict !== control.verdict) return [`the check says ${verdict}: ${reason}`];
    const texts = [
      reason,
      seen,
      ...findings.filter(({ ok }) => !ok).map((one) => `${one.subject}: ${one.seen}`),
    ];
    const expected = control.seen;
    if (expected && !texts.some((text) => expected.test(text))) {
      return [
        `the check says ${verdict}, but for a reason that does not match ${String(expected)}: ${texts.slice(0, 4).join(' | ')}`,
      ];
    }
    const wrong = (await control.verify?.(ctx, judgement)) ?? null;
    return wrong === null ? [] : [wrong];
  }

  /** The environment must be as it was: rollouts done, members back, nothing left over. */
  async #asBefore(runner: CheckRunner, before: Snapshot): Promise<string[]> {
    const { environment, interrupt } = this.#parts;
    const deadlineMs = timeoutMsOf(environment, 'membersRejoined');
    let last: string[] = [];
    try {
      await waitFor(
        async () => {
          last = differences(before, await takeSnapshot(runner, before));
          return last.length === 0 ? true : null;
        },
        {
          what: 'the environment to be as before',
          deadlineMs,
          intervalMs: LOOK_EVERY_MS,
          patience: 'exact',
          signal: interrupt.signal,
        },
      );
      return [];
    } catch (error) {
      const reason = errorText(error);
      return last.length > 0
        ? last.slice(0, 5).map((line) => `the environment is not as it was before the control: ${line}`)
        : [`the environment is not as it was before the control: ${reason}`];
    }
  }
}
