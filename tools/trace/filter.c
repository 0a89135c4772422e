/* SPDX-License-Identifier: MIT */
#include "tools/trace/filter.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "tools/trace/decode.h"

enum { WORD_SIZE = 64 };

/* Takes the next word off the list, without its '!'. False at the list's end. */
static bool take_word(const char **list, char out_word[WORD_SIZE], bool *out_leaves_out)
{
    if (!*list || !**list)
        return false;
    size_t length = strcspn(*list, ",");
    *out_leaves_out = **list == '!';
    snprintf(out_word, WORD_SIZE, "%.*s", (int)(length - *out_leaves_out), *list + *out_leaves_out);
    *list += length + ((*list)[length] == ',');
    return true;
}

static bool word_matches(const char *word, const char *device, const char *call)
{
    return fnmatch(word, device, FNM_CASEFOLD) == 0 || fnmatch(word, call, FNM_CASEFOLD) == 0;
}

bool filter_matches(const char *list, const char *device, const char *call)
{
    bool has_wanted = false, is_wanted = false, leaves_out;
    char word[WORD_SIZE];

    while (take_word(&list, word, &leaves_out)) {
        bool matches = word_matches(word, device, call);
        if (leaves_out && matches)
            return false;
        if (!leaves_out) {
            has_wanted = true;
            is_wanted = is_wanted || matches;
        }
    }
    return is_wanted || !has_wanted;
}

static bool word_is_known(const char *word)
{
    if (word_matches(word, "kfd", "open") || word_matches(word, "drm", "mmap"))
        return true;
    for (int device = 0; device < TRACE_DEVICE_COUNT; device++)
        for (unsigned number = 0; number < TRACE_CALLS_MAX; number++) {
            const char *name = trace_call_find(device, number)->name;
            if (name && word_matches(word, "", name))
                return true;
        }
    return false;
}

bool filter_find_unknown(const char *list, char *out_word, size_t size)
{
    char word[WORD_SIZE];
    bool leaves_out;

    while (take_word(&list, word, &leaves_out))
        if (*word && !word_is_known(word)) {
            snprintf(out_word, size, "%s", word);
            return true;
        }
    return false;
}
