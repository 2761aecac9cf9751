import { overloaded } from "@windlass/chassis";

/** Bounds the bytes of all uploads that are under way in this process. */
export interface UploadBudget {
  /** Sets bytes aside until the returned function is called. Throws OVERLOADED when they are not to be had. */
  reserve(bytes: number): () => void;
}

export function createUploadBudget(limitBytes: number): UploadBudget {
  let reservedBytes = 0;
  return {
    reserve(bytes) {
      if (reservedBytes + bytes > limitBytes)
        throw overloaded("Too many deployments are being uploaded at this moment; try again.");
      reservedBytes += bytes;
      let isReserved = true;
      return () => {
        if (isReserved) reservedBytes -= bytes;
        isReserved = false;
      };
    },
  };
}
