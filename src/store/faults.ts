/**
 * Faults of the connection or the server as a whole, which pass: the driver's and the system's codes, and the SQLSTATE
 * classes 08 (connection), 53 (resources), 57P (shutdown) and 58 (system).
 */
export function isConnectionFault(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code ?? '')
  return /^(08|53|57P|58)...?$|^CONNECT|^E[A-Z]+$/.test(code)
}

/** Connecting to several addresses fails with an AggregateError, which says nothing itself. */
export function messageOf(error: unknown): string {
  const { message, errors, code } = error as Error & { errors?: Error[]; code?: string }
  return message || errors?.[0]?.message || code || String(error)
}
