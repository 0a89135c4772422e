/* SPDX-License-Identifier: MIT
 *
 * The list of what is traced: names of calls and devices (kfd, drm) with commas; * is a wildcard;
 * ! in front leaves out. Capitals and small letters are alike.
 *
 * Thread safety: any thread.
 */
#ifndef ROCWELD_TRACE_FILTER_H
#define ROCWELD_TRACE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `list` (NULL = everything) lets a call through. */
bool filter_matches(const char *list, const char *device, const char *call);

/* Finds the first word of the list that no call and no device matches: it is a mistake. False when
 * every word matches something. */
bool filter_find_unknown(const char *list, char *out_word, size_t size);

#endif
