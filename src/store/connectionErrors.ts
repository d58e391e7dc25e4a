import { codeOf } from '../errors.ts'

/**
 * Returns whether an error is a failure of the connection or of the server as a whole, so that the same
 * statement may succeed later. Such errors have a code of the driver, a code of the operating system (except
 * file errors), or a SQLSTATE of class 08 (connection), 53 (resources), 57 (shutdown, or cancelled) or 58
 * (system).
 */
export function isConnectionError(error: unknown): boolean {
  const isOfFile = error instanceof Error && 'path' in error && error.path !== undefined
  return !isOfFile && /^(08|53|57|58)...$|^CONNECT|^EAI_|^E[A-Z]+$/.test(codeOf(error) ?? '')
}
