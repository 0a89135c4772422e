/* SPDX-License-Identifier: MIT */
#include "tools/rocweld/suggest.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

enum { WORD_MAX = 63 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

unsigned suggest_distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    unsigned d[WORD_MAX + 1][WORD_MAX + 1];

    if (la > WORD_MAX || lb > WORD_MAX)
        return UINT_MAX;
    for (size_t i = 0; i <= la; i++)
        d[i][0] = (unsigned)i;
    for (size_t j = 0; j <= lb; j++)
        d[0][j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++)
        for (size_t j = 1; j <= lb; j++) {
            unsigned differs = a[i - 1] != b[j - 1];
            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + differs);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    return d[la][lb];
}

struct suggestion suggestion_for(const char *wanted)
{
    return (struct suggestion){.wanted = wanted, .distance = UINT_MAX};
}

void suggestion_consider(struct suggestion *suggestion, const char *candidate)
{
    unsigned distance = suggest_distance(suggestion->wanted, candidate);

    if (distance < suggestion->distance) {
        suggestion->distance = distance;
        suggestion->best = candidate;
    }
}

const char *suggestion_result(const struct suggestion *suggestion)
{
    /* One error in each three letters is still a typing error; more is another word. */
    size_t tolerated = (strlen(suggestion->wanted) + 2) / 3;

    return suggestion->best && suggestion->distance <= tolerated ? suggestion->best : NULL;
}
