/** The label that links a result to the environment of its cluster. */
export const CLUSTER_LABEL = 'cluster';
/** The label of a test that is a journey: its file and its titles. */
export const JOURNEY_LABEL = 'journey';
/** The names of the attachments with the findings, and with what was run. */
export const FINDINGS = 'findings.json';
export const META = 'run.json';
/** The label that holds a run's verdict. */
export const VERDICT_LABEL = 'verdict';
/** The label, once per kind, with the kinds of checks that decided it. */
export const CHECK_LABEL = 'check';
/** How the message of a failure begins that its scenario expected. */
export const AS_EXPECTED = 'failed, as expected: ';
