import type { Json } from '../platforms/platform.ts';
import type { World } from './fault.ts';

/** Asks the platform something that only some platforms can tell, by a query: nothing is changed. */
export async function ask<T>(world: World, verb: string, args: Record<string, Json>): Promise<T> {
  return (await world.platform.query({ verb, args })) as T;
}
