/** How much one object of history may hold. Whoever writes keeps to it, whoever reads refuses more before it takes the memory. */

/** An hour at one second has 3,600 points and as many again where named metrics stand between them; a day at a minute has fewer. */
export const POINTS_MAX = 16_384;
/** The signals of a node and every named metric of a fleet file, twice over, for a day in which names change. */
export const COLUMNS_MAX = 256;
export const NAME_CHARACTERS_MAX = 64;
/** What the fullest object comes to where no number resembles another: 113 columns of 8 bytes a point. */
export const OBJECT_BYTES_MAX = 16 * 1024 * 1024;
/** Of a node and of a Region. */
export const WORD_BYTES_MAX = 64;
