/* SPDX-License-Identifier: MIT
 *
 * kmt-shim's functions as far as they are there: the runtime works without the shim. All of them
 * are weak references, bound when this library is loaded.
 */
#ifndef RUNTIME_SHIM_H
#define RUNTIME_SHIM_H

#include <errno.h>

#include "kmt-shim/include/kmt-shim.h"

#pragma weak kmt_shim_import_drm_fd
#pragma weak kmt_shim_vm_query
#pragma weak kmt_shim_vm_open
#pragma weak kmt_shim_vm_open_separate
#pragma weak kmt_shim_lookup
#pragma weak kmt_shim_lookup_dmabuf
#pragma weak kmt_shim_explain
#pragma weak kmt_shim_bo_make_resident
#pragma weak kmt_shim_policy_get
#pragma weak kmt_shim_subscribe

/* The function's result, or -ENOSYS without the shim. */
#define SHIM_CALL(name, ...) (kmt_shim_##name ? kmt_shim_##name(__VA_ARGS__) : -ENOSYS)

/* Loaded, and not told to do nothing. */
static inline int shim_is_active(void)
{
    return kmt_shim_policy_get && kmt_shim_policy_get() != KMT_SHIM_OFF;
}

#endif
