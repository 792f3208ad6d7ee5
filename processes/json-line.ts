/** One message of a child process, a line. Undefined for one that ends in its middle, as the last of a process that was killed: that is told by its end. */
export function messageIn<Message>(line: string): Message | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
