import type { PlatformEvent } from '../../platform.ts';

export type Tell = (event: PlatformEvent) => void;

/** Makes events of objects. What it knows of each is small: what it takes to tell what has changed. */
export interface EventSource<T> {
  /** The state before is no events: `first` is true for what was there when watching began. */
  seen(object: T, how: { first: boolean; late: boolean }): void;
  gone(name: string): void;
}

/**
 * The API's time stamps are in whole seconds; what a watch tells comes within milliseconds. So the stamp is only worth telling
 * where the events itself is late.
 */
export function wallOf(stamp: string | undefined, late: boolean): { wall?: number } {
  const wall = Date.parse(stamp ?? '');
  return late && !Number.isNaN(wall) ? { wall } : {};
}
