/** Drafts of made-up clusters, as `plumbline init` makes them, and what they load as. */
import { checkFindings } from '../../../suites/catalogue/plan/references.ts';
import { parseEnvironment } from '../../loader.ts';
import type { EnvironmentFile } from '../../schema.ts';
import { draftFile, listCluster } from '../index.ts';
import type { DraftedFile, DraftOptions, Listing } from '../index.ts';
import { UID } from './api-server.ts';
import type { ListingApiServer, Stood } from './api-server.ts';

export interface Drafted extends DraftedFile {
  listing: Listing;
  file: EnvironmentFile;
  /** With everything that is commented out as data. */
  completed: EnvironmentFile;
}

/** @throws EnvironmentError for a draft that does not load */
export function parsed(text: string): EnvironmentFile {
  return parseEnvironment(text, 'env/shop.yaml', checkFindings).data;
}

export async function listedOn(server: ListingApiServer, objects: readonly Stood[]): Promise<Listing> {
  server.objects = objects;
  server.asked.length = 0;
  return listCluster({ kubeconfig: server.kubeconfig, signal: new AbortController().signal });
}

/** What of a listing changes from one start of the stand-in to the next. */
const PIN = { uid: UID, caSha256: 'c'.repeat(64), authorities: [], server: 'https://api.example.com:6443' };

export async function draftedOn(
  server: ListingApiServer,
  objects: readonly Stood[],
  more: Partial<DraftOptions> = {},
): Promise<Drafted> {
  const listing = { ...(await listedOn(server, objects)), pin: PIN };
  const options: DraftOptions = {
    name: 'shop',
    kubeconfig: '/srv/shop/kubeconfig.yaml',
    namespaces: [],
    kind: 'staging',
    command: 'plumbline init',
    schema: 'environment.schema.json',
  };
  const file = draftFile(listing, { ...options, ...more });
  return { ...file, listing, file: parsed(file.text), completed: parsed(file.whole) };
}
