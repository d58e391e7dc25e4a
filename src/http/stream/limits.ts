export interface Limits {
  maxStreams: number
  maxStreamsPerIp: number
}

/** A place among the streams that are open or about to be; to be given back once, more often does no harm. */
export interface Slot {
  release(): void
}

/** Counts streams in all and by address. The newest is refused, since cutting older ones would make all come back at once. */
export function createLimits({ maxStreams, maxStreamsPerIp }: Limits) {
  const byAddress = new Map<string, number>()
  let taken = 0
  let onEmpty = () => {}

  return {
    /** A place for a stream from an address, or why there is none. */
    take(address: string): Slot | 'full' | 'address_full' {
      if (taken >= maxStreams) return 'full'
      const streams = byAddress.get(address) ?? 0
      if (streams >= maxStreamsPerIp) return 'address_full'
      taken++
      byAddress.set(address, streams + 1)
      let held = true
      return {
        release() {
          if (!held) return
          held = false
          const left = (byAddress.get(address) as number) - 1
          if (left > 0) byAddress.set(address, left)
          else byAddress.delete(address)
          if (--taken === 0) onEmpty()
        },
      }
    },
    /** Resolves when no place is taken. */
    empty: (): Promise<void> =>
      taken === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            onEmpty = resolve
          }),
  }
}
