/** What a journey of a project's own is made of: a Playwright spec that runs a scenario beside what a user does. */
export { type Brownout, type BrownoutOptions, test } from '../fixtures/test.ts';
