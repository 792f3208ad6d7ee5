/** Told, in one short line, what is being done now. */
export type Progress = (line: string) => void;
