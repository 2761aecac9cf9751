/** Labels that a run may have, whoever adds them. */
export const MAX_TAGS = 10;
