/** The label by which a result finds the environment of its cluster. */
export const CLUSTER_LABEL = 'cluster';
/** The name by which findings are found among a result's attachments. */
export const FINDINGS = 'findings.json';
/** The label that holds a run's verdict. */
export const VERDICT_LABEL = 'verdict';
/** The label that holds, once for each, the kinds of checks that decided it. */
export const CHECK_LABEL = 'check';
