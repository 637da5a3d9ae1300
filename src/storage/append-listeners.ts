/** Who wants to know that the log has grown. One that throws costs the others nothing. */
export class AppendListeners {
  readonly #listeners = new Set<{ readonly call: () => void }>()
  readonly #report: (error: unknown) => void

  /** `report` is told what a listener threw. */
  constructor(report: (error: unknown) => void) {
    this.#report = report
  }

  /** Returns the way to stop. The same function may be added more than once. */
  add(call: () => void): () => void {
    const listener = { call }
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Calls those who are there when it begins and have not stopped until it is their turn. */
  callAll(): void {
    const listeners = [...this.#listeners]
    for (const listener of listeners) {
      if (!this.#listeners.has(listener)) continue
      try {
        listener.call()
      } catch (error) {
        this.#report(error)
      }
    }
  }
}
