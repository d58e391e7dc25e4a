/** Takes the place of the browser's EventSource. */
export class FakeEventSource extends EventTarget {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSED = 2
  static latest: FakeEventSource
  readyState: number = FakeEventSource.OPEN

  constructor() {
    super()
    FakeEventSource.latest = this
  }

  close() {
    this.readyState = FakeEventSource.CLOSED
  }

  receive(type: string, data: object, id: number) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data), lastEventId: String(id) }))
  }

  /** Loses the connection, or fails to get one. The browser connects again by itself. */
  fail() {
    this.readyState = FakeEventSource.CONNECTING
    this.dispatchEvent(new Event('error'))
  }
}
