/* SPDX-License-Identifier: MIT
 *
 * Questions to the BO table. Thread safety: any thread. lookup_range() and lookup_each() take no
 * lock; the others take that of buffers.h for a moment, or need it (_locked).
 */
#ifndef KMT_SHIM_LOOKUP_H
#define KMT_SHIM_LOOKUP_H

#include "base/status.h"
#include "kmt-shim/buffers.h"

/* As the functions of kmt-shim.h; `minor` 0 is any GPU. */
rw_status lookup_range(unsigned minor, uint64_t address,
                       struct kmt_shim_range *out_range) RW_MUST_USE;
size_t lookup_explain(unsigned minor, uint64_t address, char *text, size_t size);
int lookup_each(unsigned minor, int (*visit)(void *context, const struct kmt_shim_range *range),
                void *context);
rw_status lookup_handle_of_gem(unsigned minor, uint32_t gem,
                               kmt_shim_handle *out_handle) RW_MUST_USE;
rw_status lookup_handle_of_kfd(uint64_t kfd, kmt_shim_handle *out_handle) RW_MUST_USE;
rw_status lookup_bo(kmt_shim_handle handle, struct kmt_shim_bo *out_bo) RW_MUST_USE;
rw_status lookup_dmabuf(unsigned minor, int fd, struct kmt_shim_range *out_range) RW_MUST_USE;
/* The living things of the shared files. */
void lookup_count(struct kmt_shim_counters *out_counters);

/* The mapping that covers a canonical address; the index may be NULL. Takes no lock. */
bool lookup_in_index(const struct range_index *index, uint64_t address,
                     struct kmt_shim_range *out_range);
/* NULL: none, or no handle at all. */
struct bo *lookup_bo_locked(kmt_shim_handle handle);

#endif
