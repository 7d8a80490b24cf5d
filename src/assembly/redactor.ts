/** Knows every secret of an assembly and takes them out of text that people or machines will read. */
export interface Redactor {
  /** `text` with every secret replaced by `••••`, and credentials and query values of URLs masked. */
  text(text: string): string
  /** A deep copy with every string passed through `text`. */
  value(value: unknown): unknown
}
