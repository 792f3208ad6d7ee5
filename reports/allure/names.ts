/** The label by which a result finds the environment of its cluster. */
export const CLUSTER_LABEL = 'cluster';
/** The name by which findings are found among a result's attachments. */
export const FINDINGS = 'findings.json';
