/* SPDX-License-Identifier: MIT
 *
 * Address translation of a wave: see window.h.
 */
#include "softgpu/isa/exec/window.h"

#include <string.h>

#include "base/grace.h"
#include "softgpu/isa/exec/host.h"

void isa_windows_flush(struct isa_wave *w, uint64_t epoch)
{
    memset(w->windows, 0, sizeof(w->windows));
    w->windows_epoch = epoch;
    /* Whoever changed the mappings waits for this: the thread uses none of the old ones now. */
    grace_pass();
}

static void window_to_front(struct isa_wave *w, unsigned index, struct isa_window window)
{
    memmove(&w->windows[1], &w->windows[0], index * sizeof(w->windows[0]));
    w->windows[0] = window;
}

/* Puts the window around `va` in front; asks the owner when the wave has none. */
static bool window_load(struct isa_wave *w, uint64_t va, unsigned access, bool *out_mapped)
{
    struct isa_memory *memory = w->group->memory;
    struct isa_window found;
    unsigned last = ISA_WAVE_WINDOWS - 1;

    for (unsigned i = 0; i < ISA_WAVE_WINDOWS; i++) {
        if (isa_window_holds(&w->windows[i], va, 1, access)) {
            window_to_front(w, i, w->windows[i]);
            return true;
        }
    }
    if (!memory->find(memory, va, access, &found, out_mapped))
        return false;
    /* The same range with other rights takes the place of the old answer. */
    for (unsigned i = 0; i < last; i++) {
        if (isa_window_holds(&w->windows[i], va, 1, 0))
            last = i;
    }
    window_to_front(w, last, found);
    return true;
}

const struct isa_window *isa_window_search(struct isa_wave *w, uint64_t va, uint64_t size,
                                           unsigned access)
{
    bool mapped;

    if (!window_load(w, va, access, &mapped))
        return NULL;
    return isa_window_holds(&w->windows[0], va, size, access) ? &w->windows[0] : NULL;
}

/* How many bytes from `va` on, up to `size`, the front window holds. */
static uint64_t window_reach(const struct isa_wave *w, uint64_t va, uint64_t size)
{
    uint64_t left = w->windows[0].size - (va - w->windows[0].va);

    return left < size ? left : size;
}

bool isa_mem_check(struct isa_wave *w, uint64_t va, uint64_t size, unsigned access,
                   struct isa_mem_fault *out_fault)
{
    while (size) {
        bool mapped = false;

        if (!window_load(w, va, access, &mapped)) {
            out_fault->kind = mapped ? ISA_FAULT_PROTECTION : ISA_FAULT_UNMAPPED;
            out_fault->va = va;
            return false;
        }

        uint64_t n = window_reach(w, va, size);

        va += n;
        size -= n;
    }
    return true;
}

bool isa_mem_read(struct isa_wave *w, uint64_t va, void *data, uint64_t size,
                  struct isa_mem_fault *out_fault)
{
    uint8_t *to = data;

    if (!isa_mem_check(w, va, size, ISA_ACCESS_READ, out_fault))
        return false;
    while (size) {
        const uint8_t *from = isa_window_host(w, va, 1, ISA_ACCESS_READ);
        uint64_t n = window_reach(w, va, size);

        isa_host_copy(to, from, n);
        to += n;
        va += n;
        size -= n;
    }
    return true;
}

bool isa_mem_write(struct isa_wave *w, uint64_t va, const void *data, uint64_t size,
                   struct isa_mem_fault *out_fault)
{
    const uint8_t *from = data;

    if (!isa_mem_check(w, va, size, ISA_ACCESS_WRITE, out_fault))
        return false;
    while (size) {
        uint8_t *to = isa_window_host(w, va, 1, ISA_ACCESS_WRITE);
        uint64_t n = window_reach(w, va, size);

        isa_host_copy(to, from, n);
        from += n;
        va += n;
        size -= n;
    }
    return true;
}
