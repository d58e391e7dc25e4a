/**
 * Shares one answer among all who ask within `ms` of its coming, and one question among all who ask before: however many
 * ask, the database is asked once at a time. A failure is not remembered.
 */
export function remember<T>(read: () => Promise<T>, ms: number): () => Promise<T> {
  let answer: Promise<T> | undefined
  let freshUntil = Number.POSITIVE_INFINITY
  return () => {
    if (answer !== undefined && performance.now() < freshUntil) return answer
    freshUntil = Number.POSITIVE_INFINITY
    answer = read()
    answer.then(
      () => {
        freshUntil = performance.now() + ms
      },
      () => {
        answer = undefined
      },
    )
    return answer
  }
}
