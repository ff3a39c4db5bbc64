import type { Judgement } from '../../../reports/record/judgement.ts';
import { referenceOnly } from '../../_breaking/backend.ts';
import type { ControlContext } from '../../harness/control.ts';
import { passed } from '../../_breaking/objects.ts';
import { disconnect, shippedNodes, stopShipper } from './breaking.ts';

/** Enough to show that what is broken is missing everywhere, and short. */
export const FEW = { requests: 100, few: 20 };

/** Three scrapes of 5 s: older than two, and Prometheus has looked for its targets again. */
const UNSCRAPED_MS = 20_000;

/** The node whose shipper each control stopped, for its `verify`. */
const stopped = new WeakMap<ControlContext, string>();

export async function stopOne(ctx: ControlContext): Promise<void> {
  const node = (await shippedNodes(ctx)).at(-1);
  if (node === undefined) throw new Error('no node has a shipper');
  await stopShipper(ctx, node);
  stopped.set(ctx, node);
}

/** The node must be named, and no other. */
export async function namesNode(ctx: ControlContext, judgement: Judgement): Promise<string | null> {
  const node = stopped.get(ctx) ?? '';
  const named = judgement.findings.filter(({ ok }) => !ok).map(({ subject }) => subject);
  const others = await shippedNodes(ctx);
  if (!named.some((subject) => hasWord(subject, node)))
    return `the findings do not name ${node}, whose shipper was stopped, but: ${named.join(', ')}`;
  const wrong = others.filter((other) => named.some((subject) => hasWord(subject, other)));
  return wrong.length === 0 ? null : `the findings name ${wrong.join(', ')}, whose shippers run`;
}

function hasWord(text: string, word: string): boolean {
  return text.split(/[\s()]+/).includes(word);
}

export const NO_SHIPPER = /has no pod on/;

/** Hides the backend's pods from discovery: their target is gone, not down. */
async function removeTarget(ctx: ControlContext): Promise<void> {
  referenceOnly(ctx, 'a Service that is there for Prometheus alone');
  await disconnect(ctx, 'tender', 'tender-api-pods');
  await passed(ctx, 'Prometheus to have no such target', UNSCRAPED_MS);
}

/** The target of the backend is gone: of a check that asks Prometheus. */
export const removed = {
  title: 'the target of tender-api is removed from Prometheus',
  break: removeTarget,
};
