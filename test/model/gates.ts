import { setImmediate } from 'node:timers/promises'
import type { Random } from './random.ts'

/** One thing a process waits for: done by `execute`, known to the process after `answer`. */
export interface Gate {
  what: string
  executed: boolean
  execute(): Promise<void>
  answer(): void
}

/**
 * The awaits of one process. Nothing it asks for happens by itself: the schedule says when, in which order, and whether the
 * process still lives to hear the answer.
 */
export interface Gates {
  pending: Gate[]
  pass<T>(what: string, run: () => T | Promise<T>): Promise<T>
}

export function createGates(): Gates {
  const pending: Gate[] = []
  return {
    pending,
    pass<T>(what: string, run: () => T | Promise<T>) {
      return new Promise<T>((resolve, reject) => {
        let settle = () => {}
        pending.push({
          what,
          executed: false,
          async execute() {
            this.executed = true
            try {
              const value = await run()
              settle = () => resolve(value)
            } catch (error) {
              settle = () => reject(error)
            }
          },
          answer: () => settle(),
        })
      })
    },
  }
}

/** Lets one await go on: at once, or, where answers may overtake one another, only half of the way. */
export async function release(gates: Gates, random: Random, reorder: boolean): Promise<void> {
  const index = reorder || random.chance(0.3) ? random.below(gates.pending.length) : 0
  const gate = gates.pending[index] as Gate
  const overtaken = reorder && !gate.executed && random.chance(0.5)
  if (!gate.executed) await gate.execute()
  if (overtaken) return
  gates.pending.splice(gates.pending.indexOf(gate), 1)
  gate.answer()
  await setImmediate()
}
