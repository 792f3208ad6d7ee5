/** The label that links a result to the environment of its cluster. */
export const CLUSTER_LABEL = 'cluster';
/** The name of the attachment with the findings. */
export const FINDINGS = 'findings.json';
/** The label that holds a run's verdict. */
export const VERDICT_LABEL = 'verdict';
/** The label, once per kind, with the kinds of checks that decided it. */
export const CHECK_LABEL = 'check';
