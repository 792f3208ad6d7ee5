/** A task's name: `UPID:node:pid:pstart:start:type:id:user@realm[!token]:`, the three in the middle hexadecimal. */
export interface Upid {
  node: string;
  pid: number;
  /** Of its process, in clock ticks since its node booted. */
  pstart: number;
  /** Epoch seconds. */
  start: number;
  type: string;
  /** What it is about: a guest's number, as a rule; may be empty. */
  id: string;
  /** With an API token `user@realm!token`. */
  user: string;
}

const FORM =
  /^UPID:(?<node>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):(?<pid>[0-9a-f]{8}):(?<pstart>[0-9a-f]{8,9}):(?<start>[0-9a-f]{8}):(?<type>[^:\s]+):(?<id>[^:\s]*):(?<user>[^:\s]+):$/i;

/** Undefined for what is none. */
export function parseUpid(text: string): Upid | undefined {
  const groups = FORM.exec(text)?.groups;
  if (!groups) return undefined;
  const { node, pid, pstart, start, type, id, user } = groups as Record<keyof Upid, string>;
  const hex = (digits: string) => Number.parseInt(digits, 16);
  return { node, pid: hex(pid), pstart: hex(pstart), start: hex(start), type, id, user };
}
