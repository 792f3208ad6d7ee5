/** A closed interval in which something happened, when the moment itself cannot be known. */
export interface Bracket {
  from: number;
  to: number;
}
