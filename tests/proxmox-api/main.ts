/** `npm run conformance:api`: the lab's API beside 493 recorded answers of the real one, as a table of what is not the same and why. */
import { replay } from './replay.ts';

const compared = await replay();
const same = compared.filter(({ apart, left }) => apart.length === 0 && !left);
const partly = compared.filter(({ apart, left }) => apart.length === 0 && left);
const other = compared.filter(({ apart }) => apart.length > 0);
for (const { index, what, left, apart } of [...partly, ...other]) {
  console.log(
    `${apart.length === 0 ? 'partly' : 'OTHER '} ${String(index).padStart(3)} ${what}${left ? ` (${left})` : ''}`,
  );
  for (const line of apart) console.log(`           ${line}`);
}
console.log(
  `\n${compared.length} recorded: ${same.length} the same, ${partly.length} but for what is said, ${other.length} other`,
);
process.exitCode = other.every(({ left }) => left) ? 0 : 1;
