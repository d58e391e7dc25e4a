import { copyButton, element } from './elements.js'

/** Creates a block of code with a button that copies it. `what` names the code in words. */
export function codeBlock(text, what) {
  const code = element('code', {}, text)
  // Focusable, so that the keyboard can scroll it.
  const pre = element('pre', { tabIndex: 0, attributes: { 'aria-label': what, role: 'group' } }, code)
  return element('div', { className: 'code' }, pre, copyButton(text, what))
}
