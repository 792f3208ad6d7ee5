/** For journeys of your own project: Playwright specs that run a scenario while they act as a user. */
export { type Brownout, type BrownoutOptions, test } from '../fixtures/test.ts';
