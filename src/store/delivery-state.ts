/** `pending` → `sending` → `delivered` | `pending` (again, later) | `dead` | `cancelled`. A delivery is settled once. */
export type DeliveryState = 'pending' | 'sending' | 'delivered' | 'dead' | 'cancelled'
