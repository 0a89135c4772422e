/* SPDX-License-Identifier: MIT */
#include "softgpu/front/preload/real.h"

#include <dlfcn.h>
#include <stdatomic.h>

#include "base/log.h"

static const char *const names[HOOK_COUNT] = {
#define HOOK(name) #name,
#include "softgpu/front/preload/hooks.def"
#undef HOOK
};

static void *_Atomic functions[HOOK_COUNT];

void *real_function(enum hook hook)
{
    void *function = atomic_load_explicit(&functions[hook], memory_order_relaxed);

    if (__builtin_expect(function != NULL, 1))
        return function;
    function = dlsym(RTLD_NEXT, names[hook]);
    if (!function) {
        rw_error(preload, "this libc has no %s(); it cannot be used with softgpu", names[hook]);
        abort();
    }
    atomic_store_explicit(&functions[hook], function, memory_order_relaxed);
    return function;
}
