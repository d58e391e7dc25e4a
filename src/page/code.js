import { copyButton, element } from './elements.js'

/** Code with a button that copies it; `what` is its name in words. */
export function codeBlock(text, what) {
  const code = element('code', {}, text)
  // Focusable, since it may scroll.
  const pre = element('pre', { tabIndex: 0, attributes: { 'aria-label': what, role: 'group' } }, code)
  return element('div', { className: 'code' }, pre, copyButton(text, what))
}
