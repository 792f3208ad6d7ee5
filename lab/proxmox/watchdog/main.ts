/** The watchdog of a machine: a process of its own, so that it outlives a node's agent that hangs or dies. */
import { readFileSync, rmSync } from 'node:fs';
import { pushButton } from '../node/power-button.ts';
import { NODE_FILE, type NodeSettings, WATCHDOG_SOCKET } from '../node/settings.ts';
import { WatchdogServer } from './watchdog.ts';

const { timeScale } = JSON.parse(readFileSync(NODE_FILE, 'utf8')) as NodeSettings;
rmSync(WATCHDOG_SOCKET, { force: true });
new WatchdogServer(WATCHDOG_SOCKET, timeScale, () => {
  console.log(`${new Date().toISOString()} watchdog expired: this machine is reset`);
  pushButton('reset');
});
