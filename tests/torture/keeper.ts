/** `node keeper.ts <folder>`: outlives a torture that is killed, and takes away what was going on in its folder. Who ends as planned kills it. */
import { sweep } from './sweep.ts';

process.stdin.on('end', () => sweep(process.argv[2]!).then(() => process.exit())).resume();
