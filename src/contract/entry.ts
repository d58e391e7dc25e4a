/** `jobcast/contract`: the parts of a contract definition. */
export { type Contract, type Definition, defineContract } from './define.ts'
export { DefinitionError } from './errors.ts'
export { creation, type Job, type JobBase } from './job.ts'
export type { JobOf } from './jobType.ts'
export type { FieldOptions, Kind } from './kind.ts'
export { address, amount, bytes32, choice, later, offChain, text, time, uint } from './kinds.ts'
export type { EventRule } from './rules.ts'
