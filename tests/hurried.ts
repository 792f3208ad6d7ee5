/** To be imported before a command: its clock goes twenty times as fast, so that the limits that it has anyway are met in seconds. */
const FASTER = 20;

const { now: since } = performance;
const realDate = Date.now;
const [origin, epoch] = [since.call(performance), realDate()];
performance.now = () => origin + (since.call(performance) - origin) * FASTER;
Date.now = () => epoch + (realDate() - epoch) * FASTER;

const { setTimeout: later } = globalThis;
globalThis.setTimeout = Object.assign(
  ((work: () => void, ms = 0, ...rest: []) => later(work, ms / FASTER, ...rest)) as typeof setTimeout,
  later,
);
