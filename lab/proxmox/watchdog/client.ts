import { connect } from 'node:net';
import type { Watchdog } from '../ha/environment.ts';
import { MAGIC_CLOSE } from './watchdog.ts';

/** Opens the machine's watchdog; its connection is the protection. What cannot be reached any more is told: it counts on by itself. */
export function openWatchdog(path: string, warn: (text: string) => void): Watchdog {
  const socket = connect(path);
  socket.on('error', (error) => warn(`watchdog: ${error.message}`));
  return {
    feed: () => void socket.write('\0'),
    close: () => void socket.end(MAGIC_CLOSE),
  };
}
