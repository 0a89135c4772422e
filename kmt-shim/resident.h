/* SPDX-License-Identifier: MIT
 *
 * Residency (W9): graphics buffers that queues may touch are counted by the KFD. For a private
 * buffer that takes one import of its DMABuf without an address; the kernel (Linux 6.8 and newer)
 * then puts compute's eviction fence on it, and moves it only with queues stopped, until the
 * import is freed at the buffer's last GEM_CLOSE.
 *
 * Thread safety: any thread, with no lock of the shim held.
 */
#ifndef KMT_SHIM_RESIDENT_H
#define KMT_SHIM_RESIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "kmt-shim/files.h"

/* A descriptor of /dev/kfd of the shim's own, opened when first needed; -1 and errno. */
int resident_kfd(void);

/* A queue is about to be made on this GPU: with ROCWELD_RESIDENCY=auto everything that graphics
 * has mapped there is made resident, and from now on what it maps. */
void resident_before_queue(uint32_t gpu_id);
/* GEM_VA mapped this buffer of `file`, of which `fd` is a descriptor. */
void resident_after_map(struct drm_file *file, int fd, uint32_t gem);
/* The KFD gave up a buffer that graphics has too. */
void resident_after_free(unsigned minor, uint32_t gem);
/* Frees an import: the KFD's handle. Keeps errno. */
void resident_release(uint64_t kfd_handle);

/* The program asks, whatever ROCWELD_RESIDENCY says but for "off". */
rw_status resident_make(const kmt_shim_handle *handles, size_t count, size_t *out_done) RW_MUST_USE;

/* Whether a GPU may access host memory at these addresses through SVM, says the KFD. */
bool resident_svm_is_used(unsigned minor, uint64_t start, uint64_t size);

void resident_fork_in_child(void);

#endif
