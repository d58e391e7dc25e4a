/** A log with a topic of the contract that does not fit its ABI: set aside and reported, never pushed. */
export class MalformedLogError extends Error {
  override name = 'MalformedLogError'
}

/** Whether an error says that a log is malformed. By its name: the module of a definition may load another copy of the class. */
export function isMalformedLog(error: unknown): error is MalformedLogError {
  return error instanceof Error && error.name === 'MalformedLogError'
}

/** A contract definition that cannot work; the message says what is wrong and where. */
export class DefinitionError extends Error {
  override name = 'DefinitionError'
}
