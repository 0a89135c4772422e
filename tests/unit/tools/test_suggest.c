/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/rocweld/suggest.h"

static void distance_counts_single_errors(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance("trace", "trace"), 0);
    assert_int_equal(suggest_distance("trace", "trce"), 1);
    assert_int_equal(suggest_distance("trace", "tracee"), 1);
    assert_int_equal(suggest_distance("trace", "trade"), 1);
    assert_int_equal(suggest_distance("trace", "tarce"), 1);
    assert_int_equal(suggest_distance("", "run"), 3);
    assert_int_equal(suggest_distance("abc", "xyz"), 3);
}

static const char *best_of(const char *wanted, const char *const *candidates)
{
    struct suggestion best = suggestion_for(wanted);

    for (; *candidates; candidates++)
        suggestion_consider(&best, *candidates);
    return suggestion_result(&best);
}

static void only_near_words_are_suggested(void **state)
{
    static const char *const words[] = {"run", "info", "doctor", "trace", "bench", NULL};

    (void)state;
    assert_string_equal(best_of("docter", words), "doctor");
    assert_string_equal(best_of("bnech", words), "bench");
    assert_string_equal(best_of("inof", words), "info");
    assert_null(best_of("compile", words));
    assert_null(best_of("x", words));
}

static void long_words_match_nothing(void **state)
{
    char word[100];
    static const char *const words[] = {"run", NULL};

    (void)state;
    memset(word, 'r', sizeof word - 1);
    word[sizeof word - 1] = 0;
    assert_null(best_of(word, words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance_counts_single_errors),
        cmocka_unit_test(only_near_words_are_suggested),
        cmocka_unit_test(long_words_match_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
