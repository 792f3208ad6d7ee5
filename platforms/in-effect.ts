/** When what runs on a node has done its work there, by its own word: a platform starts it, and the act ends then. */
import { z } from 'zod';

/** When something took effect, on the clock of `performance.now()`. */
export interface Effect {
  from: number;
  to: number;
}

/** Of `host.run`: its command makes the file BROWNOUT_IN_EFFECT when its work is done. */
export const saysWhenInEffect = z.boolean().optional();

/** That file, in a container of its own. */
export const IN_EFFECT = '/tmp/in-effect';

/** Shell words that end once it is there. */
export const UNTIL_IN_EFFECT = `until [ -e ${IN_EFFECT} ]; do sleep 0.02; done`;

/** On a node whose CPU is taken each of some hundred rules takes its time, ms. */
export const IN_EFFECT_TIMEOUT = 30_000;
