/** Takes the place of the browser's EventSource. */
export class FakeEventSource extends EventTarget {
  static readonly OPEN = 1
  static latest: FakeEventSource
  readyState = FakeEventSource.OPEN

  constructor() {
    super()
    FakeEventSource.latest = this
  }

  close() {
    this.readyState = 2
  }

  receive(type: string, data: object, id: number) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data), lastEventId: String(id) }))
  }
}
