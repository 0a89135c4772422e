/* SPDX-License-Identifier: MIT */
#include "sides.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct together {
    const struct sides_start *sides;
    pthread_barrier_t start;
};

static void *start_other(void *argument)
{
    struct together *together = argument;

    pthread_barrier_wait(&together->start);
    together->sides->start_other(together->sides->context);
    return NULL;
}

static void start_together(const struct sides_start *sides)
{
    struct together together = {.sides = sides};
    pthread_t thread;

    pthread_barrier_init(&together.start, NULL, 2);
    if (pthread_create(&thread, NULL, start_other, &together) != 0) {
        fprintf(stderr, "cannot start a thread\n");
        exit(1);
    }
    pthread_barrier_wait(&together.start);
    sides->start_hip(sides->context);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&together.start);
}

void sides_start(const struct sides_start *sides, const char *order)
{
    char other_first[32];

    snprintf(other_first, sizeof other_first, "%s-first", sides->name);
    if (strcmp(order, "together") == 0) {
        start_together(sides);
    } else if (strcmp(order, "hip-first") == 0) {
        sides->start_hip(sides->context);
        sides->start_other(sides->context);
    } else if (strcmp(order, other_first) == 0) {
        sides->start_other(sides->context);
        sides->start_hip(sides->context);
    } else {
        fprintf(stderr, "'%s': who starts first? [%s | hip-first | together]\n", order,
                other_first);
        exit(2);
    }
}
