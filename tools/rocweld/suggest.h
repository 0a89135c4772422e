/* SPDX-License-Identifier: MIT
 *
 * "Did you mean": the candidate with the fewest typing errors from what was typed.
 */
#ifndef ROCWELD_TOOLS_SUGGEST_H
#define ROCWELD_TOOLS_SUGGEST_H

struct suggestion {
    const char *wanted; /* borrowed */
    const char *best;   /* borrowed from the candidates; NULL = none yet */
    unsigned distance;
};

struct suggestion suggestion_for(const char *wanted);
void suggestion_consider(struct suggestion *suggestion, const char *candidate);
/* The best candidate, or NULL when none is close enough to be worth naming. */
const char *suggestion_result(const struct suggestion *suggestion);

/* Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. Words longer
 * than 63 characters are never close to anything. */
unsigned suggest_distance(const char *a, const char *b);

#endif
