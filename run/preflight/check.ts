/** One condition for injecting a fault. */
export interface PreflightCheck {
  what: string;
  ok: boolean;
  observed: string;
  /** What to do if it is not met. */
  hint?: string;
}
