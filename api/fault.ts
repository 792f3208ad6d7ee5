/** What a fault of a project's own is made of: `faults/<name>.ts` there exports `fault`. */
export { z } from 'zod';
export { lookFor, lookForAll } from '../faults/evidence.ts';
export type { ActingWorld, Done, Evidence, Fault, Injection, Target, World } from '../faults/fault.ts';
export { chooseMembers, chooseNodes, memberSelector, nodeSelector } from '../faults/selector.ts';
export { chooseService, memberArgs, membersOf, NO_NODE_DOWN, nodesOf, servicesOf, undoAll } from '../faults/targets.ts';
export { NotOffered } from '../platforms/platform.ts';
export { OperatorError } from '../units/operator-error.ts';
export { duration, share } from '../units/units.ts';
