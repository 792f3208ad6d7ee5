/** For what a workload of your own project asks of the labs: `fixtures/<name>/lab.ts` there exports `lab`. */
export type { LabEntry, LabNeeds } from '../lab/workloads.ts';
