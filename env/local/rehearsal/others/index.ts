/**
 * Nodes of others, as they are in a cluster that many share: `burst-1` is a whole one with a startup taint (nodes/addressing.ts), `burst-2` is
 * registered and never Ready.
 */
import { render } from '../../platform/manifests.ts';
import { part } from '../../platform/part.ts';

export const others = part({
  name: 'others',
  objects: (context, secrets) => render(context, secrets, { folder: import.meta.dirname, plain: true }),
});
