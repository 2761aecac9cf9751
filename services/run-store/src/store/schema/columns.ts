import { customType, timestamp } from "drizzle-orm/pg-core";

/** Text compared byte by byte: ids and keys need no language's rules, and their indexes are smaller and faster without. */
export const key = customType<{ data: string; driverData: string }>({ dataType: () => 'text COLLATE "C"' });

/** Raw bytes. */
export const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => "bytea" });

/** A moment, kept to the microsecond by the database. A JavaScript Date rounds it to the millisecond: use it to show, never to order. */
export const moment = () => timestamp({ withTimezone: true, precision: 6, mode: "date" });
