/**
 * How a guest says whose it is. Tags, because one question (`/cluster/resources`) tells those of all guests, whereas a comment or a
 * pool's members must be asked for one by one; and because a guest of somebody else can carry them for the time of a run. Proxmox lowers
 * their case and sorts them as it likes.
 */

/** As long as a run's guest is not wholly made it carries this in its description too: a clone can be given no tags. */
export interface Mark {
  namespace: string;
  services: string[];
  run: string;
}

const SERVICE = 'service.';
const RUN = 'run.';
const SUITE = 'brownout';

export function tagsOf({ namespace, services, run }: Mark): string[] {
  const served = services.map((service) => `${SERVICE}${service}`);
  return [SUITE, namespace, ...served, `${RUN}${run}`].map((tag) => tag.toLowerCase());
}

export function splitTags(tags: string | undefined): string[] {
  return (tags ?? '').split(/[;, ]+/).filter(Boolean);
}

/** Undefined for what is not of the suite. `namespace` is to be asked for: any other tag might be one. */
export function markOf(
  tags: string | undefined,
): { services: string[]; run: string; has(namespace: string): boolean } | undefined {
  const all = splitTags(tags);
  const run = all.find((tag) => tag.startsWith(RUN));
  if (!all.includes(SUITE) || run === undefined) return undefined;
  return {
    services: all.filter((tag) => tag.startsWith(SERVICE)).map((tag) => tag.slice(SERVICE.length)),
    run: run.slice(RUN.length),
    has: (namespace) => all.includes(namespace.toLowerCase()),
  };
}

/** The namespaces that a guest of the suite is in: its tags that say nothing else. */
export function namespacesOf(tags: string | undefined): string[] {
  if (!markOf(tags)) return [];
  return splitTags(tags).filter((tag) => tag.startsWith(`${SUITE}-`));
}

/** What the suite has laid on a guest, and takes off again: where no tag says so, it is not the suite's. */
export type Held = 'link' | 'disk' | 'clock';
const HELD = 'held.';
const KINDS: readonly Held[] = ['link', 'disk', 'clock'];

export const heldOf = (tags: string | undefined): Held[] =>
  KINDS.filter((what) => splitTags(tags).includes(`${HELD}${what}`));

/** A change of a guest's configuration to these tags. */
export const writtenTags = (tags: readonly string[]): { tags: string } | { delete: 'tags' } =>
  tags.length > 0 ? { tags: tags.join(';') } : { delete: 'tags' };

/** Tags with one more, or one less, as they are written. */
export function withHeld(tags: string | undefined, what: Held, isHeld: boolean): ReturnType<typeof writtenTags> {
  const others = splitTags(tags).filter((tag) => tag !== `${HELD}${what}`);
  return writtenTags(isHeld ? [...others, `${HELD}${what}`] : others);
}

/** The tags without those of the suite. */
export function unmarked(tags: string | undefined): string[] {
  return splitTags(tags).filter(
    (tag) => tag !== SUITE && !tag.startsWith(`${SUITE}-`) && !/^(service|run|held)\./.test(tag),
  );
}

export function describeMark({ namespace, services, run }: Mark): string {
  return `brownout namespace=${namespace} services=${services.join(',')} run=${run}`;
}

export function readMark(description: string | undefined): Mark | undefined {
  const found = /brownout namespace=(\S+) services=(\S+) run=(\S+)/.exec(description ?? '');
  const [, namespace, services, run] = found ?? [];
  return namespace && services && run ? { namespace, services: services.split(','), run } : undefined;
}
