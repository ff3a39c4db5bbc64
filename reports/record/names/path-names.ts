/** Names of a service on the path of a request. Each is that of its spans unless the environment says another. */
interface NamedHop {
  service: string;
  workload?: string | undefined;
  loggedAs?: string | undefined;
}

/** What its log lines call it. */
export const loggedNameOf = ({ service, loggedAs = service }: NamedHop): string => loggedAs;

/** The workload whose pods it is. */
export const workloadNameOf = ({ service, workload = service }: NamedHop): string => workload;

/** How findings about its log lines call it. */
export function lineNameOf(hop: NamedHop): string {
  const logged = loggedNameOf(hop);
  return logged === hop.service ? logged : `${hop.service} (logged as ${logged})`;
}
