import type { Config } from '../../config.ts'

/**
 * Counts all streams, and those of each address. If a limit is reached, the new stream is refused. No older
 * one is closed for it, because its client would reconnect at once.
 */
export function createStreamLimits({ maxStreams, maxStreamsPerIp }: Config) {
  const byAddress = new Map<string, number>()
  let total = 0
  let onEmpty = () => {}

  return {
    /**
     * Counts one more stream of an address.
     * @returns the limit that it would exceed; it is then not counted
     */
    take(address: string): 'full' | 'address_full' | undefined {
      if (total >= maxStreams) return 'full'
      const streams = byAddress.get(address) ?? 0
      if (streams >= maxStreamsPerIp) return 'address_full'
      total++
      byAddress.set(address, streams + 1)
      return undefined
    },
    /** Counts one stream less. */
    release(address: string): void {
      const left = (byAddress.get(address) ?? 0) - 1
      if (left > 0) byAddress.set(address, left)
      else byAddress.delete(address)
      if (--total === 0) onEmpty()
    },
    /** Resolves when no stream is open. */
    untilEmpty: (): Promise<void> =>
      total === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            onEmpty = resolve
          }),
  }
}
