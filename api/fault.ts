/** For faults of your own project: `faults/<name>.ts` there exports `fault`. */
export { z } from 'zod';
export { lookFor, lookForAll } from '../faults/evidence.ts';
export type { ActingWorld, Done, Evidence, Fault, Injection, World } from '../faults/fault.ts';
export { chooseMembers, chooseNodes, memberSelector, nodeSelector } from '../faults/selector.ts';
export { actOnAll, chooseService, memberArgs, undoAll } from '../faults/targets.ts';
export type { Meaning } from '../platforms/meaning.ts';
export { NotOffered, type Target } from '../platforms/platform.ts';
export { membersOf, nodesOf, servicesOf } from '../platforms/targets.ts';
export { OperatorError } from '../units/operator-error.ts';
export { duration, share } from '../units/units.ts';
