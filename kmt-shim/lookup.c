/* SPDX-License-Identifier: MIT */
#include "kmt-shim/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "kmt-shim/counters.h"
#include "kmt-shim/files.h"
#include "kmt-shim/gpu.h"
#include "kmt-shim/next.h"
#include "kmt-shim/observe.h"
#include "kmt-shim/share.h"

static const char *const api_names[] = {
    [KMT_SHIM_GEM] = "GEM buffer",
    [KMT_SHIM_GEM_USERPTR] = "GEM userptr (graphics only: queues must not touch it)",
    [KMT_SHIM_KFD] = "compute buffer",
    [KMT_SHIM_KFD_USERPTR] = "compute userptr",
    [KMT_SHIM_KFD_DEVICE] = "compute device page",
    [KMT_SHIM_SVM] = "range of host memory shared with compute (SVM)",
};

static struct range_index *index_of(const struct drm_file *file)
{
    return file ? __atomic_load_n(&file->bufs.ranges, __ATOMIC_ACQUIRE) : NULL;
}

/* ---- by address ---- */

bool lookup_in_index(const struct range_index *index, uint64_t address,
                     struct kmt_shim_range *out_range)
{
    struct range_index_entry entry;
    bool found;

    if (!index)
        return false;
    range_index_enter(index);
    found = range_index_find(index, address, &entry);
    if (found)
        *out_range = ((const struct mapping *)entry.value)->range;
    range_index_leave();
    return found;
}

rw_status lookup_range(unsigned minor, uint64_t address, struct kmt_shim_range *out_range)
{
    unsigned first = minor ? minor : GPU_FIRST_MINOR;
    unsigned last = minor ? minor : GPU_FIRST_MINOR + GPU_COUNT_MAX - 1;

    if (!buffers_canonical(&address))
        return rw_status_quiet(ENOENT);
    for (unsigned at = first; at <= last; at++) {
        if (lookup_in_index(index_of(share_vm_file(at)), address, out_range))
            return RW_OK;
    }
    return rw_status_quiet(ENOENT);
}

static int each_of(const struct range_index *index,
                   int (*visit)(void *context, const struct kmt_shim_range *range), void *context)
{
    struct range_index_entry entry;
    struct kmt_shim_range range;
    uint64_t from = 0;
    bool found;

    do {
        int result;

        range_index_enter(index);
        found = range_index_first_from(index, from, &entry);
        if (found)
            range = ((const struct mapping *)entry.value)->range;
        range_index_leave();
        if (!found)
            return 0;
        result = visit(context, &range);
        if (result)
            return result;
        from = entry.last + 1;
    } while (from != 0);
    return 0;
}

int lookup_each(unsigned minor, int (*visit)(void *context, const struct kmt_shim_range *range),
                void *context)
{
    int result = 0;

    for (unsigned at = GPU_FIRST_MINOR; gpu_is_minor(at) && result == 0; at++) {
        const struct range_index *index = index_of(share_vm_file(at));

        if (index && (minor == 0 || minor == at))
            result = each_of(index, visit, context);
    }
    return result;
}

/* ---- in words ---- */

struct words {
    char bo[32], handle[48];
};

static void format_bytes(char out[32], uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    const unsigned last = sizeof units / sizeof *units - 1;
    unsigned unit = 0;
    double rounded = (double)bytes;

    while (bytes >= 1024 && bytes % 1024 == 0 && unit < last) {
        bytes /= 1024;
        unit++;
    }
    if (bytes >= 1024 * 1024) { /* not a round number, and too large to be told exactly */
        for (unit = 0; rounded >= 1024 && unit < last; unit++)
            rounded /= 1024;
        snprintf(out, 32, "%.1f %s", rounded, units[unit]);
        return;
    }
    snprintf(out, 32, "%" PRIu64 " %s", bytes, bytes == 1 && unit == 0 ? "byte" : units[unit]);
}

static void format_range(struct words *words, const struct kmt_shim_range *range)
{
    format_bytes(words->bo, range->bo_size);
    if (range->api == KMT_SHIM_SVM)
        words->handle[0] = '\0';
    else if (range->api == KMT_SHIM_GEM || range->api == KMT_SHIM_GEM_USERPTR)
        snprintf(words->handle, sizeof words->handle, ", handle %" PRIu32, (uint32_t)range->handle);
    else
        snprintf(words->handle, sizeof words->handle, ", handle %#" PRIx64,
                 range->handle & ~(UINT64_C(3) << 62));
}

/* "<where> a 64 KiB GEM buffer, handle 7, renderD128" */
static int format_place(char *text, size_t size, uint64_t address, const char *where,
                        const struct kmt_shim_range *range)
{
    struct words words;

    format_range(&words, range);
    return snprintf(text, size, "%#" PRIx64 " is %s a %s %s%s%s, renderD%u", address, where,
                    words.bo, api_names[range->api],
                    range->flags & KMT_SHIM_BO_WRITE ? "" : " mapped read-only", words.handle,
                    range->render_minor);
}

/* The nearest mapping and how far away; false: the VM is empty. */
static bool find_near(const struct range_index *index, uint64_t address,
                      struct kmt_shim_range *out_range, uint64_t *out_past, uint64_t *out_before)
{
    struct range_index_entry below, above;
    bool has_below, has_above;

    *out_past = *out_before = UINT64_MAX;
    if (!index)
        return false;
    range_index_enter(index);
    has_below = range_index_below(index, address, &below);
    has_above = range_index_above(index, address, &above);
    if (has_below)
        *out_past = address - below.last - 1;
    if (has_above)
        *out_before = above.start - address;
    if (has_below && *out_past <= *out_before)
        *out_range = ((const struct mapping *)below.value)->range;
    else if (has_above)
        *out_range = ((const struct mapping *)above.value)->range;
    range_index_leave();
    return has_below || has_above;
}

/* A compute buffer that lives at this address but is not mapped on the GPU. */
static bool find_place(uint64_t address, uint64_t *out_size, uint64_t *out_handle)
{
    const struct bo *bo;

    buffers_lock();
    bo = buffers_find_kfd_place_locked(address, address);
    if (bo) {
        *out_size = bo->size;
        *out_handle = bo->kfd;
    }
    buffers_unlock();
    return bo != NULL;
}

static int explain_nothing(const struct drm_file *file, uint64_t address, char *text, size_t size)
{
    struct kmt_shim_range range;
    uint64_t past, before, bytes, handle;
    char amount[32], where[64];

    if (find_place(address, &bytes, &handle)) {
        format_bytes(amount, bytes);
        return snprintf(text, size,
                        "%#" PRIx64 " is inside a %s compute buffer that is not mapped on this "
                        "GPU, handle %#" PRIx64 ", renderD%u",
                        address, amount, handle, file->minor);
    }
    if (files_find_range(file, address, &range))
        return format_place(text, size, address,
                            "not in this VM, but in that of another file:", &range);
    if (!find_near(index_of(file), address, &range, &past, &before))
        return snprintf(text, size, "%#" PRIx64 ": nothing is mapped in the VM of renderD%u",
                        address, file->minor);
    format_bytes(amount, past <= before ? past : before);
    snprintf(where, sizeof where, past <= before ? "%s past the end of" : "%s before", amount);
    if (past == 0)
        snprintf(where, sizeof where, "right behind the end of");
    return format_place(text, size, address, where, &range);
}

static int explain_in(const struct drm_file *file, uint64_t address, char *text, size_t size)
{
    struct kmt_shim_range range;
    char amount[32], where[64];

    if (!lookup_in_index(index_of(file), address, &range))
        return explain_nothing(file, address, text, size);
    format_bytes(amount, address - range.start + range.bo_offset);
    snprintf(where, sizeof where, "%s into", amount);
    return format_place(text, size, address, where, &range);
}

/* Compute's own VM is explained too where it is not shared: a fault there is as much of a riddle.
 */
static const struct drm_file *file_to_explain(unsigned minor, uint64_t address)
{
    const struct drm_file *first = NULL;
    struct kmt_shim_range range;

    for (unsigned at = GPU_FIRST_MINOR; gpu_is_minor(at); at++) {
        const struct drm_file *file = share_vm_file(at);

        if (!file)
            file = share_compute_file_of_minor(at);
        if (!file || (minor && minor != at))
            continue;
        if (lookup_in_index(index_of(file), address, &range))
            return file;
        if (!first)
            first = file;
    }
    return first;
}

size_t lookup_explain(unsigned minor, uint64_t address, char *text, size_t size)
{
    uint64_t canonical = address;
    const struct drm_file *file;
    int length;

    if (!buffers_canonical(&canonical))
        length =
            snprintf(text, size, "%#" PRIx64 " is no GPU address: bits 63 to 47 differ", address);
    else if (!(file = file_to_explain(minor, canonical)))
        length = snprintf(text, size, "%#" PRIx64 ": no VM of %s is known to the shim", address,
                          minor ? "this GPU" : "any GPU");
    else
        length = explain_in(file, canonical, text, size);
    return length < 0 ? 0 : (size_t)length;
}

/* ---- handles ---- */

struct bo *lookup_bo_locked(kmt_shim_handle handle)
{
    const struct drm_file *file;
    unsigned minor;

    switch (handle >> 62) {
    case 1:
        if (!gpu_minor_of_gpu_id((uint32_t)(handle >> 32) & 0x3fffffff, &minor))
            return NULL;
        file = share_vm_file(minor);
        return file ? buffers_find_gem_locked(&file->bufs, (uint32_t)handle) : NULL;
    case 2:
        return buffers_find_kfd_locked(handle & ~(UINT64_C(3) << 62));
    default:
        return NULL;
    }
}

static bool may_be_handle(kmt_shim_handle handle)
{
    unsigned minor;

    return (handle >> 62 == 1 || handle >> 62 == 2) &&
           gpu_minor_of_gpu_id((uint32_t)(handle >> 32) & 0x3fffffff, &minor);
}

rw_status lookup_handle_of_gem(unsigned minor, uint32_t gem, kmt_shim_handle *out_handle)
{
    const struct drm_file *file = share_vm_file(minor);
    const struct bo *bo = NULL;

    buffers_lock();
    if (file)
        bo = buffers_find_gem_locked(&file->bufs, gem);
    if (bo)
        *out_handle = bo->handle;
    buffers_unlock();
    return bo ? RW_OK : rw_status_quiet(ENOENT);
}

rw_status lookup_handle_of_kfd(uint64_t kfd, kmt_shim_handle *out_handle)
{
    const struct bo *bo;

    buffers_lock();
    bo = buffers_find_kfd_locked(kfd);
    if (bo)
        *out_handle = bo->handle;
    buffers_unlock();
    return bo ? RW_OK : rw_status_quiet(ENOENT);
}

static void bo_describe_locked(const struct bo *bo, struct kmt_shim_bo *out_bo)
{
    const uint32_t rights = KMT_SHIM_BO_READ | KMT_SHIM_BO_WRITE | KMT_SHIM_BO_EXECUTE;
    const struct mapping *mapping;

    *out_bo = (struct kmt_shim_bo){
        .api = bo->api,
        .flags = bo->flags & ~rights,
        .render_minor = bo->minor,
        .gem_handle = bo->gem,
        .kfd_handle = bo->kfd,
        .size = bo->size,
    };
    if (!bo->set || bo->residency == RESIDENCY_DONE)
        out_bo->flags |= KMT_SHIM_BO_RESIDENT;
    for (mapping = bo->mappings; mapping; mapping = mapping->next)
        out_bo->mappings += share_vm_file(mapping->range.render_minor) &&
                            &share_vm_file(mapping->range.render_minor)->bufs == mapping->set;
}

rw_status lookup_bo(kmt_shim_handle handle, struct kmt_shim_bo *out_bo)
{
    const struct bo *bo;

    if (!may_be_handle(handle))
        return rw_status_quiet(EINVAL);
    buffers_lock();
    bo = lookup_bo_locked(handle);
    if (bo)
        bo_describe_locked(bo, out_bo);
    buffers_unlock();
    return bo ? RW_OK : rw_status_quiet(ENOENT);
}

/* ---- DMABufs ---- */

/* All DMABufs lie on one file system of their own, which the first that was seen has told. Without
 * one, what is no DMABuf knows nothing of the request, and a DMABuf misses a direction in it. */
static bool is_dmabuf(int fd, const struct dmabuf_id *id)
{
    struct dma_buf_sync nothing = {0};

    if (observe_dmabuf_device() == id->device)
        return true;
    counter_add(shim_calls, 1);
    return next_ioctl(fd, DMA_BUF_IOCTL_SYNC, &nothing) != 0 && errno == EINVAL;
}

static rw_status check_dmabuf(int fd, struct dmabuf_id *out_id)
{
    uint64_t size;

    if (fcntl(fd, F_GETFD) < 0)
        return RW_FAIL(EBADF, "descriptor %d is not open", fd);
    if (!observe_dmabuf_id(fd, out_id, &size) || !is_dmabuf(fd, out_id))
        return RW_FAIL(EINVAL, "descriptor %d is no DMABuf", fd);
    return RW_OK;
}

rw_status lookup_dmabuf(unsigned minor, int fd, struct kmt_shim_range *out_range)
{
    const struct drm_file *file = share_vm_file(minor);
    const struct mapping *mapping = NULL;
    const struct bo *bo;
    struct dmabuf_id id;

    RW_TRY(check_dmabuf(fd, &id));
    if (!file)
        return rw_status_quiet(ENOENT);
    buffers_lock();
    for (bo = buffers_find_dmabuf_locked(id); bo && !mapping; bo = bo->dmabuf_next) {
        for (mapping = bo->mappings; mapping && mapping->set != &file->bufs;)
            mapping = mapping->next;
    }
    if (mapping)
        *out_range = mapping->range;
    buffers_unlock();
    return mapping ? RW_OK : rw_status_quiet(ENOENT);
}

/* ---- counting ---- */

void lookup_count(struct kmt_shim_counters *out_counters)
{
    buffers_lock();
    out_counters->kfd_objects = buffers_count_kfd_locked();
    out_counters->gem_objects = out_counters->ranges = out_counters->bytes = 0;
    for (unsigned minor = GPU_FIRST_MINOR; gpu_is_minor(minor); minor++) {
        const struct drm_file *file = share_vm_file(minor);

        if (!file)
            continue;
        out_counters->gem_objects += HASH_COUNT(file->bufs.gems);
        out_counters->ranges += file->bufs.ranges ? range_index_count(file->bufs.ranges) : 0;
        out_counters->bytes += file->bufs.bytes;
    }
    buffers_unlock();
}
