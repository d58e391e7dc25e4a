import { codeOf } from '../errors.ts'

/**
 * Whether an error is of the connection, or of the server as a whole, so that the same statement may succeed later. These are
 * the driver's codes, the system's codes except those of files, and the SQLSTATE classes 08 (connection), 53 (resources),
 * 57 (shutdown, or cancelled by a timeout) and 58 (system).
 */
export function isConnectionFault(error: unknown): boolean {
  const isOfFile = error instanceof Error && 'path' in error && error.path !== undefined
  return !isOfFile && /^(08|53|57|58)...$|^CONNECT|^EAI_|^E[A-Z]+$/.test(codeOf(error) ?? '')
}
