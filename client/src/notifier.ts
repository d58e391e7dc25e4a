/** Lets several parts of the client wait for the next change. */
export interface Notifier {
  notify(): void
  /** Resolves at the next `notify`. */
  wait(): Promise<void>
}

export function createNotifier(): Notifier {
  const waiting: (() => void)[] = []
  return {
    notify() {
      for (const resolve of waiting.splice(0)) resolve()
    },
    wait: () => new Promise((resolve) => waiting.push(resolve)),
  }
}
