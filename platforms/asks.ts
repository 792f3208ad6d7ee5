/**
 * What a manifest asks for beyond what any workload does: the nodes' files, their network, rights over them. It is shown by `plan`,
 * and deployed only where the cluster file has a word for it.
 */
import { few } from '../units/words.ts';

/** The words of `allow.workload`. */
export const askWords = {
  'host-files': "files of the nodes: a folder or socket of theirs is mounted, the container runtime's among them",
  'host-network': "the nodes' network: their interfaces, ports bound on them past the platform's own publishing",
  'host-processes': "the nodes' processes: their process, IPC or host-name namespace",
  privileged: 'rights over the nodes: privileged containers, added capabilities, devices, security profiles taken off',
  'cluster-wide': 'objects that belong to no namespace, and so to everybody',
  'operator-files': "files of the machine that runs the suite, outside of the workload's own folder",
  external: 'things that the run does not make: networks, volumes, secrets and configurations of others',
} as const;
export type AskWord = keyof typeof askWords;

/** One thing that is asked for. */
export interface Ask {
  /** The object or service, as the manifest has it: `Deployment web`. */
  object: string;
  what: string;
  /** What `allow.workload` must say; undefined for what is never deployed. */
  word: AskWord | undefined;
}

/** Where a manifest will be deployed, and where it comes from. */
export interface AskContext {
  namespace: string;
  /** The workload's own folder: files in it are its own. */
  folder: string;
}

/** `Deployment web: hostPath /etc (host-files); …`. */
export function describeAsks(asks: readonly Ask[]): string {
  return few(
    asks.map(({ object, what, word }) => `${object}: ${what}${word === undefined ? '' : ` (${word})`}`),
    { joint: '; ' },
  );
}
