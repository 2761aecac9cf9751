/** Which copy of these files this is; every version that a test deploys has its own. */
export const label = "none";
