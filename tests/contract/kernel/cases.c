/* SPDX-License-Identifier: MIT */
#include "tests/contract/kernel/cases.h"

#define CASE(name, hw) {#name, case_##name, hw},
const struct kernel_case kernel_cases[] = {
#include "tests/contract/kernel/cases.def"
};
#undef CASE

const size_t kernel_case_count = sizeof kernel_cases / sizeof kernel_cases[0];
