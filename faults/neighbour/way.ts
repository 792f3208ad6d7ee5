import type { Neighbours } from '../../platforms/neighbour.ts';
import { NotOffered } from '../../platforms/platform.ts';
import type { World } from '../fault.ts';

/** How this platform makes a neighbour of some sort. Throws NotOffered where it cannot. */
export function wayToMake<K extends keyof Neighbours>(
  { platform }: World,
  sort: K,
  fault: string,
): NonNullable<Neighbours[K]> {
  const way = platform.neighbours?.[sort];
  if (!way) throw new NotOffered(`${fault} is not available on ${platform.kind} yet`);
  return way;
}
