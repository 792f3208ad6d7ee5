import { writeFileSync } from 'node:fs';
import { POWER_BUTTON } from '../../boot.ts';

/** Inside a machine: ends all that runs on it at once, guests included, as a reset or a power button held down does. */
export function pushButton(what: 'off' | 'reboot' | 'reset'): void {
  writeFileSync(POWER_BUTTON, `${what}\n`);
  // Everything but process 1 and this one; process 1 then finds the button pushed, and the kernel ends the rest with it.
  process.kill(-1, 'SIGKILL');
  process.exit();
}
