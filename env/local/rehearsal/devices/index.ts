/** Accelerators as another vendor's plugin gives them out: as device nodes, through the Container Device Interface. They are simulated. */
import { DEVICE_PLUGIN_IMAGE, waitDevices } from '../../platform/gpu/index.ts';
import { render } from '../../platform/manifests.ts';
import { part } from '../../platform/part.ts';

export const devices = part({
  name: 'devices',
  images: [DEVICE_PLUGIN_IMAGE],
  objects: (context, secrets) => render(context, secrets, { folder: import.meta.dirname, plain: true }),
  works: (context, { objects }) =>
    waitDevices(context, objects, { namespace: 'accelerators', name: 'cards' }),
});
