/* SPDX-License-Identifier: MIT
 *
 * Declares every case of cases.def, for the files that define them.
 */
#ifndef TESTS_CONTRACT_KERNEL_CASES_H
#define TESTS_CONTRACT_KERNEL_CASES_H

#include "tests/contract/kernel/contract.h"

#define CASE(name, not_on_hw) void case_##name(void);
#include "tests/contract/kernel/cases.def"
#undef CASE

#endif
