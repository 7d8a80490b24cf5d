/**
 * Tells V8 that what is made for an event or a delivery does not live long.
 *
 * It takes the objects of a place in the code for long-lived ones when most of them survive while a process warms up, and from then on puts each where only
 * a full collection of garbage finds it, with whatever it leads to. A thousand deliveries of one event look like that: collecting
 * took 9 ms for each such event, and takes 5. What does live long is moved once more: an assembly of a few megabytes.
 */
export async function expectShortLives(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8')
  setFlagsFromString('--no-allocation-site-pretenuring')
}
