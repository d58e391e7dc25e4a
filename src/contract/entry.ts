/** `jobcast/contract`: what an own definition is made of. */
export { type Contract, type Definition, defineContract, type JobOf } from './define.ts'
export { DefinitionError } from './errors.ts'
export type { EventRule } from './form.ts'
export { creation, type Job, type JobBase } from './job.ts'
export {
  address,
  amount,
  bytes32,
  choice,
  type FieldOptions,
  type Kind,
  later,
  offChain,
  text,
  time,
  uint,
} from './kinds.ts'
