/* SPDX-License-Identifier: MIT
 *
 * Calls that map, unmap and change memory. Devices' buffers may move, and the program's mappings of
 * them with them: what the program does to such a mapping is noted (mem/cpu_map.h). And memory of
 * the program's own that GPUs use must not go while they do (mem/host_range.h). For all other
 * addresses a hook compares them with two bounds.
 */
#include <errno.h>
#include <stdarg.h>

#include "softgpu/front/node.h"
#include "softgpu/front/preload/nodes.h"
#include "softgpu/front/preload/real.h"
#include "softgpu/front/remote.h"
#include "softgpu/mem/cpu_map.h"
#include "softgpu/mem/host_range.h"

/* ---- mmap ---- */

static bool mmap_of_node(void *address, size_t length, int prot, int flags, int fd, off_t offset,
                         void **out_address)
{
    struct node *node;

    if (fd < 0 || (flags & MAP_ANONYMOUS) || !(node = node_get_by_fd(fd)))
        return false;
    rw_status status =
        node_call_mmap(node, address, length, prot, flags, (uint64_t)offset, out_address);
    node_put(node);
    if (!rw_ok(status)) {
        preload_fail(status);
        *out_address = MAP_FAILED;
    }
    return true;
}

/* A mapping of something else in the place of ours. */
static bool mmap_covers(const void *address, size_t length, int flags)
{
    return (flags & MAP_FIXED) && mem_cpu_maps_meet(address, length);
}

static void *covered_unlock(void *mapped, size_t length)
{
    int err = errno;

    if (mapped != MAP_FAILED)
        mem_cpu_maps_gone_locked(mapped, length);
    mem_cpu_maps_unlock();
    errno = err;
    return mapped;
}

/* The kernel maps no sockets, so only after ENODEV it may be a node of another process. */
static void *mmap_after(void *mapped, void *address, size_t length, int prot, int flags, int fd,
                        off_t offset)
{
    rw_status status;

    if (mapped != MAP_FAILED || errno != ENODEV)
        return mapped;
    if (!remote_mmap(fd, address, length, prot, flags, (uint64_t)offset, &status, &mapped))
        errno = ENODEV;
    else if (!rw_ok(status))
        preload_fail(status);
    return mapped;
}

#define DEFINE_MMAP(name, offset_type)                                                             \
    EXPORT void *name(void *address, size_t length, int prot, int flags, int fd,                   \
                      offset_type offset)                                                          \
    {                                                                                              \
        void *mapped;                                                                              \
        if (flags & MAP_FIXED)                                                                     \
            mem_host_ranges_invalidate(address, length);                                           \
        if (mmap_of_node(address, length, prot, flags, fd, offset, &mapped))                       \
            return mapped;                                                                         \
        if (!mmap_covers(address, length, flags))                                                  \
            return mmap_after(REAL(name)(address, length, prot, flags, fd, offset), address,       \
                              length, prot, flags, fd, offset);                                    \
        mem_cpu_maps_lock();                                                                       \
        return covered_unlock(REAL(name)(address, length, prot, flags, fd, offset), length);       \
    }

DEFINE_MMAP(mmap, off_t)
DEFINE_MMAP(mmap64, off64_t)

/* ---- munmap, mprotect, madvise ---- */

/* Ends a call that was made with the maps locked. */
static int changed_unlock(int result)
{
    int err = errno;

    mem_cpu_maps_unlock();
    errno = err;
    return result;
}

EXPORT int munmap(void *address, size_t length)
{
    mem_host_ranges_invalidate(address, length);
    if (!mem_cpu_maps_meet(address, length))
        return REAL(munmap)(address, length);
    mem_cpu_maps_lock();
    int result = REAL(munmap)(address, length);
    if (result == 0)
        mem_cpu_maps_gone_locked(address, length);
    return changed_unlock(result);
}

EXPORT int mprotect(void *address, size_t length, int prot)
{
    if (!mem_cpu_maps_meet(address, length))
        return REAL(mprotect)(address, length, prot);
    mem_cpu_maps_lock();
    int result = REAL(mprotect)(address, length, prot);
    if (result == 0)
        mem_cpu_maps_protected_locked(address, length, prot);
    return changed_unlock(result);
}

EXPORT int madvise(void *address, size_t length, int advice)
{
    if ((advice != MADV_DONTFORK && advice != MADV_DOFORK) || !mem_cpu_maps_meet(address, length))
        return REAL(madvise)(address, length, advice);
    mem_cpu_maps_lock();
    int result = REAL(madvise)(address, length, advice);
    if (result == 0)
        mem_cpu_maps_dontfork_locked(address, length, advice == MADV_DONTFORK);
    return changed_unlock(result);
}

/* ---- mremap ---- */

/* A real device's mappings cannot grow (VM_DONTEXPAND): EFAULT. */
static void *mremap_ours(void *old, size_t old_size, size_t new_size, int flags, void *new)
{
    void *mapped = MAP_FAILED;
    int err = EFAULT;

    mem_cpu_maps_lock();
    if (old_size && new_size <= old_size) {
        mapped = REAL(mremap)(old, old_size, new_size, flags, new);
        err = errno;
    }
    if (mapped != MAP_FAILED) {
        mem_cpu_maps_gone_locked((char *)old + new_size, old_size - new_size);
        if (mapped != old)
            mem_cpu_maps_moved_locked(old, mapped, new_size);
    }
    mem_cpu_maps_unlock();
    errno = err;
    return mapped;
}

EXPORT void *mremap(void *old, size_t old_size, size_t new_size, int flags, ...)
{
    void *new = NULL;

    if (flags & MREMAP_FIXED) {
        va_list args;

        va_start(args, flags);
        new = va_arg(args, void *);
        va_end(args);
        mem_host_ranges_invalidate(new, new_size);
    }
    mem_host_ranges_invalidate(old, old_size);
    if (mem_cpu_maps_meet(old, old_size ? old_size : 1))
        return mremap_ours(old, old_size, new_size, flags, new);
    if (!(flags & MREMAP_FIXED) || !mem_cpu_maps_meet(new, new_size))
        return REAL(mremap)(old, old_size, new_size, flags, new);
    mem_cpu_maps_lock();
    return covered_unlock(REAL(mremap)(old, old_size, new_size, flags, new), new_size);
}
