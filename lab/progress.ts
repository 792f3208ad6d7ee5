/** Called with one short line that says what is being done now. */
export type Progress = (line: string) => void;
