/** `npm run conformance:ha`: the lab's HA manager beside the recorded cases of the real one, as a table. */
import { compareCase, readCases } from './cases.ts';

const comparisons = [];
for (const one of readCases()) comparisons.push(await compareCase(one));
for (const { case: name, events, apart, parting } of comparisons) {
  console.log(
    `${parting === undefined ? 'same ' : 'OTHER'}  ${name.padEnd(26)} ${String(events).padStart(3)} events, at most ${apart} s apart`,
  );
  if (parting !== undefined) console.log(`       ${parting}`);
}
const same = comparisons.filter(({ parting }) => parting === undefined).length;
console.log(`\n${same} of ${comparisons.length} cases as recorded`);
process.exitCode = same === comparisons.length ? 0 : 1;
