/* SPDX-License-Identifier: MIT
 *
 * What lives how long: nothing of compute ends before the process does, whatever it closes.
 */
#include <errno.h>
#include <unistd.h>

#include "tests/contract/kernel/cases.h"
#include "tests/contract/kernel/sdma.h"

void case_memory_outlives_the_programs_descriptors(void)
{
    struct session s = session_open(0);
    struct buffer buffer = buffer_make(&s, va_at(0), MIB(1), GTT);
    int copy = dup(s.drm);
    uint32_t handle, *view;

    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &handle), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, va_at(1), MIB(1)), 0);
    close(s.drm);
    view = buffer_mmap(copy, &buffer);
    view[0] = 1;
    EXPECT(gem_va(copy, AMDGPU_VA_OP_MAP, handle, va_at(1), MIB(1)), EINVAL); /* still mapped */
    EXPECT(gem_va(copy, AMDGPU_VA_OP_UNMAP, handle, va_at(1), MIB(1)), 0);
    EXPECT(acquire(s.kfd, copy, s.gpu->id), 0); /* the same file */
}

void case_compute_outlives_every_descriptor(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    struct buffer buffer = buffer_make(&s, va_at(1), MIB(1), GTT), late;
    volatile uint32_t *view = buffer_mmap(s.drm, &buffer);
    uint32_t handle;

    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &handle), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, va_at(2), MIB(1)), 0);
    close(s.drm);
    /* The file, with all that it has, is the KFD's now. */
    EXPECT(acquire(s.kfd, render_open(0), s.gpu->id), EBUSY);
    EXPECT(buffer_alloc(s.kfd, s.gpu->id, va_at(2), MIB(1), GTT, &late), 0);
    EXPECT(buffer_map(s.kfd, late.handle, s.gpu->id), EINVAL); /* GEM's mapping is still there */
    view[1] = 4711;
    sdma_copy(&queue, va_at(2), buffer.va + 4, 4);
    sdma_copy(&queue, buffer.va, va_at(2), 4);
    sdma_submit(&queue);
    EXPECT_TRUE(word_becomes(&view[0], 4711));
}

void case_kfd_close_frees_nothing(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    struct buffer buffer = buffer_make(&s, va_at(1), MIB(1), GTT);
    volatile uint32_t *view = buffer_mmap(s.drm, &buffer);
    int kfd;

    close(s.kfd);
    sdma_store(&queue, buffer.va, 1);
    sdma_submit(&queue);
    EXPECT_TRUE(word_becomes(&view[0], 1));
    kfd = kfd_open();
    EXPECT(buffer_free(kfd, buffer.handle), EBUSY);
    EXPECT(queue_destroy(kfd, queue.id), 0);
    EXPECT(buffer_unmap(kfd, buffer.handle, s.gpu->id), 0);
    EXPECT(buffer_free(kfd, buffer.handle), 0);
}
