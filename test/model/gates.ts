import { setImmediate } from 'node:timers/promises'
import type { Random } from '../helpers/random.ts'

/** One pending await of a process. `execute` performs the operation, `answer` resolves the await. */
interface Gate {
  what: string
  executed: boolean
  execute(): Promise<void>
  answer(): void
}

/**
 * The pending awaits of one process. The schedule decides when and in which order each is performed and
 * answered, and whether the process is killed before.
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

/**
 * Performs and answers one await. If `reorder`, it may only perform it, so that other answers arrive first.
 */
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
