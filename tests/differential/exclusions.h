/* SPDX-License-Identifier: MIT
 *
 * Known differences between our decoder and LLVM's, each with its reason.
 */
#ifndef TESTS_DIFFERENTIAL_EXCLUSIONS_H
#define TESTS_DIFFERENTIAL_EXCLUSIONS_H

#include "softgpu/isa/inst.h"

struct comparison {
    const uint32_t *words; /* borrowed; as many as the longest instruction has */
    unsigned lanes;
    unsigned llvm_dwords, our_dwords; /* 0: rejected */
    char llvm_text[512], our_text[512];
    struct isa_inst inst; /* what we decoded */
};

enum { EXCLUSIONS = 21 };

/* Index of the exclusion that covers the difference, or -1. */
int exclusion_find(const struct comparison *c);
const char *exclusion_reason(unsigned index);

#endif
