/** Takes the place of an element of the document, as far as the page's modules use one. */
export class FakeElement extends EventTarget {
  [property: string]: unknown
  value = ''
  hidden = false
  dataset: Record<string, string> = {}
  attributes: Record<string, string> = {}
  children: (FakeElement | string)[] = []
  clientWidth = 640
  clientHeight = 200
  private readonly parts = new Map<string, FakeElement>()

  set textContent(text: string) {
    this.children = [text]
  }

  get textContent(): string {
    return this.children.map((child) => (typeof child === 'string' ? child : child.textContent)).join('')
  }

  get innerText(): string {
    return this.textContent
  }

  append(...children: (FakeElement | string)[]) {
    this.children.push(...children)
  }

  replaceChildren(...children: (FakeElement | string)[]) {
    this.children = children
  }

  setAttribute(name: string, value: unknown) {
    this.attributes[name] = String(value)
  }

  /** Returns the same part for the same selector. */
  querySelector(selector: string): FakeElement {
    const part = this.parts.get(selector) ?? new FakeElement()
    this.parts.set(selector, part)
    return part
  }

  closest() {
    return this
  }

  contains() {
    return false
  }

  click() {}
}

/** Takes the place of the document. An id always names the same element. */
export function fakeDocument() {
  const elements = new Map<string, FakeElement>()
  return {
    activeElement: null,
    createElement: () => new FakeElement(),
    createElementNS: () => new FakeElement(),
    getElementById(id: string): FakeElement {
      const found = elements.get(id) ?? new FakeElement()
      elements.set(id, found)
      return found
    },
  }
}
