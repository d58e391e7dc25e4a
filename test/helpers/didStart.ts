/**
 * Returns whether a program that was just started answers. False if it does not, or if it ends first.
 * @param answers settles once the program has answered, or when the wait for it is over
 */
export function didStart(answers: Promise<unknown>, ended: Promise<unknown>): Promise<boolean> {
  return Promise.race([answers.then(() => true), ended.then(() => false)]).catch(() => false)
}
