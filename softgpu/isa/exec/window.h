/* SPDX-License-Identifier: MIT
 *
 * Address translation of a wave: its windows (memory.h), newest first, and what to do when none
 * fits. Every memory instruction calls isa_windows_sync() first and may then use the host
 * addresses it gets until it ends.
 *
 * Thread safety: a wave is used by one thread at a time.
 */
#ifndef SOFTGPU_ISA_EXEC_WINDOW_H
#define SOFTGPU_ISA_EXEC_WINDOW_H

#include <stdatomic.h>

#include "softgpu/isa/wave.h"

/* Where and why an access failed. */
struct isa_mem_fault {
    enum isa_fault_kind kind; /* UNMAPPED or PROTECTION */
    uint64_t va;              /* first byte out of reach */
};

void isa_windows_flush(struct isa_wave *w, uint64_t epoch);

/* Forgets the windows if the memory's owner has changed mappings since they were found. */
static inline void isa_windows_sync(struct isa_wave *w)
{
    uint64_t epoch = atomic_load_explicit(&w->group->memory->epoch, memory_order_acquire);

    if (__builtin_expect(epoch != w->windows_epoch, 0))
        isa_windows_flush(w, epoch);
}

static inline bool isa_window_holds(const struct isa_window *window, uint64_t va, uint64_t size,
                                    unsigned access)
{
    uint64_t offset = va - window->va;

    return offset < window->size && size <= window->size - offset &&
           (window->access & access) == access;
}

/* The window that holds all of [va, va+size) with `access`, brought to the front; NULL when there
 * is none: the range is not accessible, or goes across a window's end. */
const struct isa_window *isa_window_search(struct isa_wave *w, uint64_t va, uint64_t size,
                                           unsigned access);

static inline const struct isa_window *isa_window_find(struct isa_wave *w, uint64_t va,
                                                       uint64_t size, unsigned access)
{
    if (__builtin_expect(isa_window_holds(&w->windows[0], va, size, access), 1))
        return &w->windows[0];
    return isa_window_search(w, va, size, access);
}

/* Host address of [va, va+size), or NULL as isa_window_find(). */
static inline uint8_t *isa_window_host(struct isa_wave *w, uint64_t va, uint64_t size,
                                       unsigned access)
{
    const struct isa_window *window = isa_window_find(w, va, size, access);

    return window ? window->host + (va - window->va) : NULL;
}

/* Checks [va, va+size) byte range by byte range; false with the reason when part of it is not
 * accessible. For ranges that isa_window_host() has no single answer for. */
bool isa_mem_check(struct isa_wave *w, uint64_t va, uint64_t size, unsigned access,
                   struct isa_mem_fault *out_fault);

/* Copies between memory and `data`, across windows if need be. On failure nothing is written to
 * memory, and `data` is undefined. Not for addresses that need single-copy atomicity. */
bool isa_mem_read(struct isa_wave *w, uint64_t va, void *data, uint64_t size,
                  struct isa_mem_fault *out_fault);
bool isa_mem_write(struct isa_wave *w, uint64_t va, const void *data, uint64_t size,
                   struct isa_mem_fault *out_fault);

#endif
