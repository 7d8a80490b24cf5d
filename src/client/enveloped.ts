/** A success as every answer under `/api/v1` tells it. */
export interface Enveloped {
  readonly data: unknown
  readonly meta: Readonly<Record<string, unknown>>
}
