/** p-queue's declarations name this type of the DOM library, which Node has no use for. */
interface AddEventListenerOptions extends EventListenerOptions {
  once?: boolean
  passive?: boolean
  signal?: AbortSignal
}
