import { announce } from './announcer.js'

/**
 * Makes every button with `data-copy` copy that text to the clipboard. The button then shows a check mark for
 * a moment, and a screen reader hears that `data-what` was copied.
 */
export function createCopying() {
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('button[data-copy]')
    if (button === null) return
    const copied = await copy(button.dataset.copy)
    announce(copied ? `${button.dataset.what} copied` : 'The browser does not allow copying')
    if (!copied) return
    button.classList.add('copied')
    setTimeout(() => button.classList.remove('copied'), 1600)
  })
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

// There is no navigator.clipboard over plain http, which a server in a private network often uses.
function copyBySelection(text) {
  const focused = document.activeElement
  const area = document.createElement('textarea')
  area.className = 'visually-hidden'
  area.value = text
  document.body.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  focused?.focus()
  return copied
}
