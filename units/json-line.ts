/** One message of a child process. Undefined for a line that ends in its middle, the last one of a process that was killed: that is told by its end. */
export function messageIn<Message>(line: string): Message | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
