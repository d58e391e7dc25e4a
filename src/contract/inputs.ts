import type { AbiEvent, AbiParameter } from 'viem'

/** A parameter of an event. */
export type Input = AbiEvent['inputs'][number]

/** Returns a parameter's name as a field name: Solidity parameters often begin with an underscore. */
export function plainName({ name = '' }: AbiParameter): string {
  return name.replace(/^_+|_+$/g, '')
}

/**
 * Returns the ABI type of a parameter's value in a log. It is bytes32 for an indexed parameter that is longer
 * than a word: the log has only the keccak256 hash of the value (Solidity ABI specification, "Events").
 */
export function wordType({ type, indexed }: Input): string {
  return indexed && !isWord(type) ? 'bytes32' : type
}

/** Returns whether a type is one 32-byte word. */
export function isWord(type: string): boolean {
  return /^(u?int\d*|address|bool|bytes\d+)$/.test(type)
}

/** Returns the parameters whose values are in the topics of a log; those of the others are in its data. */
export function indexedInputs({ inputs }: AbiEvent): Input[] {
  return inputs.filter(({ indexed }) => indexed)
}
