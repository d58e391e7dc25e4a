const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** Milliseconds on a clock that all processes of the machine share (CLOCK_MONOTONIC). */
export function clock(): number {
  return offset + performance.now()
}
