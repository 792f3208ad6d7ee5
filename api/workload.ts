/** For workloads of your own project: `fixtures/<name>/workload.ts` there exports `workload`. */
export { fillManifest } from '../fixtures/manifest.ts';
export type { DeployContext, Gauges, Variant, Workload, WorkloadDeployment } from '../fixtures/workload.ts';
export { NotOffered } from '../platforms/platform.ts';
export { contentOf, stateOf } from '../probes/content.ts';
export { OperatorError } from '../units/operator-error.ts';
