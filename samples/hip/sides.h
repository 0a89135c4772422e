/* SPDX-License-Identifier: MIT
 *
 * What the samples share that have HIP on one side and a graphics API on the other: who starts
 * first, and the list that both walk.
 */
#ifndef ROCWELD_SAMPLES_SIDES_H
#define ROCWELD_SAMPLES_SIDES_H

#include <stdint.h>

/* As in the kernel pointer_chase and in the shader walk.comp; addresses are the GPU's. */
struct node {
    uint64_t next, payload;
};

struct walk {
    uint64_t sum, length;
};

struct sides_start {
    const char *name; /* the other side's, in "<name>-first" */
    void (*start_hip)(void *context);
    void (*start_other)(void *context);
    void *context;
};

/* Starts both sides in the order that a word names: "<name>-first", "hip-first", or "together",
 * each in a thread of its own at the same moment. Ends the program for any other word, with its
 * usage. */
void sides_start(const struct sides_start *sides, const char *order);

#endif
