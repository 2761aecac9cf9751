/** At 5,000 runs a second, those of the last ten seconds; some 5 MB. */
const GENERATION_SIZE = 50_000;

/** The newest tokens, 50,000 to 100,000 of them. */
export class RecentTokens {
  #newer = new Set<string>();
  #older = new Set<string>();
  readonly #generationSize: number;

  constructor(generationSize = GENERATION_SIZE) {
    this.#generationSize = generationSize;
  }

  add(token: string): void {
    this.#newer.add(token);
    if (this.#newer.size < this.#generationSize) return;
    this.#older = this.#newer;
    this.#newer = new Set();
  }

  has(token: string): boolean {
    return this.#newer.has(token) || this.#older.has(token);
  }
}
