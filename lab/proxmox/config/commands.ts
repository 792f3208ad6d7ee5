/** `ha/crm_commands`: what operators ask of the master, a line each, in the words of Proxmox VE. */
import type { Command } from '../ha/state.ts';

export const COMMANDS = 'ha/crm_commands';

export function formatCommand(command: Command): string {
  switch (command.verb) {
    case 'migrate':
    case 'relocate':
      return `${command.verb} ${command.sid} ${command.node}`;
    case 'stop':
      return `stop ${command.sid} ${command.timeout}`;
    default:
      return `${command.verb} ${command.node}`;
  }
}

/** Undefined for a line that is no command: it is dropped, and told. */
export function parseCommand(line: string): Command | undefined {
  const [verb, first, second, ...more] = line.trim().split(/\s+/);
  if (first === undefined || more.length > 0) return undefined;
  switch (verb) {
    case 'migrate':
    case 'relocate':
      return second === undefined || !isSid(first) ? undefined : { verb, sid: first, node: second };
    case 'stop': {
      if (second === undefined || !isSid(first) || !/^\d+$/.test(second)) return undefined;
      return { verb, sid: first, timeout: Number(second) };
    }
    case 'enable-node-maintenance':
    case 'disable-node-maintenance':
      return second === undefined ? { verb, node: first } : undefined;
    default:
      return undefined;
  }
}

const isSid = (text: string) => /^[a-z]+:\S+$/.test(text);
