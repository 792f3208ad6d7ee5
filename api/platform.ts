/** For platforms of your own project: `platforms/<kind>/platform.ts` there exports `platform`. */
export { z } from 'zod';
export type { Cluster } from '../platforms/cluster.ts';
export type { OwnPart, PlatformModule } from '../platforms/module.ts';
export { ownerState } from '../platforms/owner.ts';
export type {
  Act,
  Deployment,
  ExecResult,
  Inspection,
  Json,
  Leftover,
  Member,
  MemberCondition,
  Node,
  Platform,
  PlatformEvent,
  Timer,
} from '../platforms/platform.ts';
export { NotOffered } from '../platforms/platform.ts';
export type { PredictedWindow, Situation } from '../platforms/prediction.ts';
export { Queue } from '../platforms/queue.ts';
export {
  entriesOf,
  entryOf,
  isOfRun,
  namespace,
  node,
  oneOf,
  plainName,
  readArguments,
  text,
  textByName,
  texts,
  type Verb,
  wholeNumber,
} from '../platforms/verb.ts';
export { OperatorError, PermanentError } from '../units/operator-error.ts';
export { duration } from '../units/units.ts';
