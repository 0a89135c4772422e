/* SPDX-License-Identifier: MIT */
#include "kmt-shim/counters.h"

struct counters counters;

void counters_read(struct kmt_shim_counters *out_counters)
{
#define READ(name) out_counters->name = atomic_load_explicit(&counters.name, memory_order_relaxed);
    COUNTERS(READ)
#undef READ
}

void counters_fork_in_child(void)
{
#define CLEAR(name) atomic_store_explicit(&counters.name, 0, memory_order_relaxed);
    COUNTERS(CLEAR)
#undef CLEAR
}
