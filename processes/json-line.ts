/** One message of a child process, a line. Undefined for an empty one, and for one that ends in its middle, as a full disk leaves it, or a process that was killed: that is told by its end. */
export function messageIn<Message>(line: string): Message | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
