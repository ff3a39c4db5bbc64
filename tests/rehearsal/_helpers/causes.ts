/** Why a store cannot be asked, one cause at a time: how it is made, and the words by which a reader knows it. */
import { CertificateServer, expired, otherAuthority } from '../../../host/_testing/refused-certificates.ts';
import { clear, drop, redirect, refuse } from './on-the-path.ts';
import { addressesOf, STATE, type StoreRows, type Workplace } from './platform.ts';

interface Cause {
  readonly name: string;
  readonly words: RegExp;
  /** Makes it. @returns the environment file to run with, and what takes the cause away */
  readonly make: (place: Workplace, store: string, rows: StoreRows) => Promise<Made>;
}
interface Made {
  readonly environment: string;
  readonly undo: () => Promise<void>;
}

const UNCHANGED = (): void => undefined;

/** A cause that is in the file alone. */
function inFile(change: (place: Workplace, rows: StoreRows) => void): Cause['make'] {
  return (place, store) => {
    const environment = place.changed(store, (rows) => change(place, rows));
    return Promise.resolve({ environment, undo: () => Promise.resolve() });
  };
}

/** A cause that stands between this machine and the store. */
function onThePath(stand: (addresses: readonly string[]) => Promise<void>): Cause['make'] {
  return async (place, store, rows) => {
    await stand(await addressesOf(rows));
    return { environment: place.changed(store, UNCHANGED), undo: clear };
  };
}

async function serveExpired(place: Workplace, store: string, rows: StoreRows): Promise<Made> {
  const authority = rows.tls.ca.file.replace('$STATE', STATE);
  const server = await CertificateServer.listening(expired(place.folder, authority, rows.tls.serverName));
  await redirect(await addressesOf(rows), server.port);
  const undo = async (): Promise<void> => {
    await clear();
    await server.close();
  };
  return { environment: place.changed(store, UNCHANGED), undo };
}

export const CAUSES: readonly Cause[] = [
  {
    name: 'a wrong password',
    words: /refuses the account/,
    make: inFile((place, rows) => {
      const file = place.file('password', 'not-the-password');
      rows.password = { file };
      if (rows.sentinel !== undefined) rows.sentinel.password = { file };
    }),
  },
  {
    name: 'another certificate authority',
    words: /not of the declared certificate authority/,
    make: inFile((place, rows) => (rows.tls.ca = { file: otherAuthority(place.folder) })),
  },
  {
    name: 'another server name',
    words: /for other names than the declared one/,
    make: inFile((_place, rows) => (rows.tls.serverName = 'elsewhere.example')),
  },
  { name: 'an expired certificate', words: /certificate has expired/, make: serveExpired },
  { name: 'closed ports', words: /connection is refused/, make: onThePath(refuse) },
  { name: 'a firewall', words: /no answer/, make: onThePath(drop) },
];
