/** What a node is doing, or has done. */
export interface Task {
  upid: string;
  node: string;
  pid: number;
  /** Of its process, in hundredths of a second since the node booted. */
  pstart: number;
  /** Epoch seconds. */
  starttime: number;
  endtime?: number;
  type: string;
  /** What it is about: a guest's number, or nothing. */
  id: string;
  user: string;
  tokenid?: string;
  /** `OK`, or all that went wrong; undefined while it runs. */
  exitstatus?: string;
  log: string[];
}
