import { type LoadCounts, type LoadSecond, UNDER_WAY } from '../load.ts';
import { Seconds } from '../seconds.ts';
import { Totals } from '../totals.ts';

/** k6 tells of a request when it has ended; it is counted in the second in which it was begun. */
export class Count {
  /** Requests that took so long that their second had been told: they are in the totals alone. */
  late = 0;
  readonly #seconds: Seconds;
  readonly #totals = new Totals();
  /** Before this moment every second is told. */
  #told: number;

  constructor(begins: number, tell: (second: LoadSecond) => void) {
    this.#told = begins;
    this.#seconds = new Seconds(begins, (second) => {
      this.#told = second.at + 1000;
      tell(second);
    });
  }

  /** @param began ms since the origin */
  request(began: number, took: number, error: string | undefined): void {
    this.#totals.offered();
    if (error === undefined) this.#totals.ok(took);
    else this.#totals.failed(error);
    if (began < this.#told) {
      this.late++;
      return;
    }
    this.#seconds.offered(began);
    if (error === undefined) this.#seconds.ok(began, took);
    else this.#seconds.failed(began, error);
  }

  /** Iterations that k6 could not begin: all its users waited for answers. */
  dropped(at: number, count: number): void {
    this.#totals.missed(UNDER_WAY, count);
    if (at >= this.#told) this.#seconds.missed(at, UNDER_WAY, count);
  }

  /** Tells the seconds that are over at `now`. */
  take(now: number): void {
    this.#seconds.take(now);
  }

  end(now: number): void {
    this.#seconds.end(now);
  }

  totals(): LoadCounts {
    return this.#totals.told();
  }
}
