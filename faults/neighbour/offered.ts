import type { Neighbours } from '../../platforms/neighbour.ts';
import { NotOffered } from '../../platforms/platform.ts';
import type { World } from '../fault.ts';

/** What the platform has for neighbours under this name. Throws NotOffered, naming the fault, where it has nothing. */
export function offered<K extends keyof Neighbours>(
  { platform }: World,
  what: K,
  fault: string,
): NonNullable<Neighbours[K]> {
  const found = platform.neighbours?.[what];
  if (!found) throw new NotOffered(`${fault} is not available on ${platform.kind} yet`);
  return found;
}
