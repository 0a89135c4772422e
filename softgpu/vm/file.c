/* SPDX-License-Identifier: MIT */
#include "softgpu/vm/file.h"

#include <errno.h>
#include <stdlib.h>

#include "base/handle_table.h"
#include "base/log.h"
#include "softgpu/vm/vm_internal.h"

/* What a file knows of a BO. Keyed by the BO's id, which is never used twice, so that a mmap
 * right that outlives its BO gives nothing away. A BO imported from another device goes by the id
 * of that device's, so that importing it again finds it. */
struct file_bo {
    uint64_t id;
    unsigned handles;     /* GEM handles of this BO */
    uint32_t handle;      /* the one that an import of its dma-buf gives */
    unsigned mmap_rights; /* handles and grants */
    UT_hash_handle hh;
};

struct drm_file {
    atomic_int refs;
    unsigned device;
    bool render;
    struct gpu_vm vm;
    struct drm_file_front *front; /* owned */
    pthread_mutex_t lock;         /* guards what follows */
    struct handle_table handles;  /* of struct mem_bo, one reference each */
    struct file_bo *bos;          /* hash by id */
};

rw_status drm_file_create(unsigned device, struct mem_heaps *heaps,
                          const struct gpu_vm_limits *limits, bool render,
                          struct drm_file **out_file)
{
    struct drm_file *file = calloc(1, sizeof *file);
    rw_status s;

    if (!file)
        return RW_FAIL(ENOMEM, "no memory for a DRM file");
    atomic_init(&file->refs, 1);
    file->device = device;
    file->render = render;
    s = gpu_vm_init(&file->vm, limits, heaps);
    if (!rw_ok(s)) {
        free(file);
        return s;
    }
    pthread_mutex_init(&file->lock, NULL);
    handle_table_init(&file->handles, 1, INT32_MAX);
    *out_file = file;
    return RW_OK;
}

struct drm_file *drm_file_get(struct drm_file *file)
{
    atomic_fetch_add_explicit(&file->refs, 1, memory_order_relaxed);
    return file;
}

static void file_destroy(struct drm_file *file)
{
    struct file_bo *entry, *next;
    struct mem_bo *bo;

    if (file->front)
        file->front->destroy(file->front);
    for (uint32_t h = 0; (bo = handle_table_at_or_above(&file->handles, &h)); h++) {
        gpu_vm_bo_detach(&file->vm, bo);
        mem_bo_put(bo);
    }
    HASH_ITER(hh, file->bos, entry, next)
    {
        HASH_DEL(file->bos, entry);
        free(entry);
    }
    if (file->vm.process_info) {
        rw_error(vm, "a DRM file ends while its VM is still acquired for compute");
        gpu_vm_release_compute(file, NULL);
    }
    gpu_vm_finish(&file->vm);
    handle_table_finish(&file->handles);
    pthread_mutex_destroy(&file->lock);
    free(file);
}

void drm_file_put(struct drm_file *file)
{
    if (file && atomic_fetch_sub_explicit(&file->refs, 1, memory_order_acq_rel) == 1)
        file_destroy(file);
}

unsigned drm_file_device(const struct drm_file *file)
{
    return file->device;
}

bool drm_file_is_render(const struct drm_file *file)
{
    return file->render;
}

struct gpu_vm *drm_file_vm(struct drm_file *file)
{
    return &file->vm;
}

struct drm_file_front *drm_file_front(struct drm_file *file)
{
    return file->front;
}

void drm_file_set_front(struct drm_file *file, struct drm_file_front *front)
{
    file->front = front;
}

/* ---- what a file knows of a BO ---- */

static uint64_t shared_id(const struct mem_bo *bo)
{
    return bo->origin ? bo->origin->id : bo->id;
}

static struct file_bo *entry_find(struct drm_file *file, const struct mem_bo *bo)
{
    uint64_t id = shared_id(bo);
    struct file_bo *entry = NULL;

    HASH_FIND(hh, file->bos, &id, sizeof id, entry);
    return entry;
}

static struct file_bo *entry_find_or_create(struct drm_file *file, const struct mem_bo *bo)
{
    struct file_bo *entry = entry_find(file, bo);

    if (!entry && (entry = calloc(1, sizeof *entry))) {
        entry->id = shared_id(bo);
        HASH_ADD(hh, file->bos, id, sizeof entry->id, entry);
    }
    return entry;
}

static void entry_drop_if_unused(struct drm_file *file, struct file_bo *entry)
{
    if (entry->handles || entry->mmap_rights)
        return;
    HASH_DEL(file->bos, entry);
    free(entry);
}

/* ---- handles ---- */

static rw_status handle_create_locked(struct drm_file *file, struct mem_bo *bo,
                                      uint32_t *out_handle)
{
    struct file_bo *entry = entry_find_or_create(file, bo);
    rw_status s;

    if (!entry)
        return RW_FAIL(ENOMEM, "no memory for a GEM handle");
    s = handle_table_take(&file->handles, bo, out_handle);
    if (!rw_ok(s)) {
        entry_drop_if_unused(file, entry);
        return s;
    }
    mem_bo_get(bo);
    if (entry->handles++ == 0)
        entry->handle = *out_handle;
    entry->mmap_rights++;
    return RW_OK;
}

/* The kernel's drm_gem_object_funcs.open: may this file use the BO, and its place in the VM. */
static rw_status object_open(struct drm_file *file, struct mem_bo *bo)
{
    if (bo->vm_private && bo->vm_private != &file->vm)
        return RW_FAIL(EPERM, "this %s is always valid in another VM and stays private to it",
                       bo->label);
    return gpu_vm_bo_attach(&file->vm, bo);
}

rw_status drm_file_handle_create(struct drm_file *file, struct mem_bo *bo, uint32_t *out_handle)
{
    rw_status s;

    RW_TRY(object_open(file, bo));
    pthread_mutex_lock(&file->lock);
    s = handle_create_locked(file, bo, out_handle);
    pthread_mutex_unlock(&file->lock);
    if (!rw_ok(s))
        gpu_vm_bo_detach(&file->vm, bo);
    return s;
}

rw_status drm_file_handle_find_or_create(struct drm_file *file, struct mem_bo *bo,
                                         uint32_t *out_handle)
{
    struct file_bo *entry;
    bool created = false;
    rw_status s;

    RW_TRY(object_open(file, bo));
    pthread_mutex_lock(&file->lock);
    entry = entry_find(file, bo);
    if (entry && entry->handles) {
        *out_handle = entry->handle;
        s = RW_OK;
    } else {
        s = handle_create_locked(file, bo, out_handle);
        created = rw_ok(s);
    }
    pthread_mutex_unlock(&file->lock);
    if (!created)
        gpu_vm_bo_detach(&file->vm, bo);
    return s;
}

bool drm_file_handle_find(struct drm_file *file, const struct mem_bo *bo, uint32_t *out_handle)
{
    const struct file_bo *entry;
    bool found;

    pthread_mutex_lock(&file->lock);
    entry = entry_find(file, bo);
    found = entry && entry->handles;
    if (found)
        *out_handle = entry->handle;
    pthread_mutex_unlock(&file->lock);
    return found;
}

struct mem_bo *drm_file_handle_lookup(struct drm_file *file, uint32_t handle)
{
    struct mem_bo *bo;

    pthread_mutex_lock(&file->lock);
    bo = handle_table_find(&file->handles, handle);
    if (bo)
        mem_bo_get(bo);
    pthread_mutex_unlock(&file->lock);
    return bo;
}

void drm_file_handle_each(struct drm_file *file,
                          bool (*visit)(void *context, uint32_t handle, const struct mem_bo *bo),
                          void *context)
{
    const struct mem_bo *bo;

    pthread_mutex_lock(&file->lock);
    for (uint32_t h = 0; (bo = handle_table_at_or_above(&file->handles, &h)); h++)
        if (!visit(context, h, bo))
            break;
    pthread_mutex_unlock(&file->lock);
}

/* Another handle of the BO, after `closed` went. */
static uint32_t other_handle_locked(struct drm_file *file, const struct mem_bo *bo)
{
    const struct mem_bo *other;

    for (uint32_t h = 0; (other = handle_table_at_or_above(&file->handles, &h)); h++)
        if (other == bo)
            return h;
    return 0;
}

rw_status drm_file_handle_close_behind(struct drm_file *file, uint32_t handle, uint64_t ticket)
{
    struct file_bo *entry;
    struct mem_bo *bo;

    pthread_mutex_lock(&file->lock);
    bo = handle_table_give_back(&file->handles, handle);
    if (bo) {
        entry = entry_find(file, bo);
        entry->handles--;
        entry->mmap_rights--;
        if (entry->handles && entry->handle == handle)
            entry->handle = other_handle_locked(file, bo);
        entry_drop_if_unused(file, entry);
    }
    pthread_mutex_unlock(&file->lock);
    if (!bo)
        return RW_FAIL(EINVAL, "GEM handle %u is not open in this file", handle);
    gpu_vm_bo_detach_behind(&file->vm, bo, ticket);
    mem_bo_put(bo);
    return RW_OK;
}

rw_status drm_file_handle_close(struct drm_file *file, uint32_t handle)
{
    return drm_file_handle_close_behind(file, handle, 0);
}

/* ---- mmap rights ---- */

void drm_file_mmap_allow(struct drm_file *file, struct mem_bo *bo)
{
    struct file_bo *entry;

    pthread_mutex_lock(&file->lock);
    entry = entry_find_or_create(file, bo);
    if (entry)
        entry->mmap_rights++;
    else
        rw_error(vm, "no memory to let a file mmap a %s; mmap of it will fail", bo->label);
    pthread_mutex_unlock(&file->lock);
}

void drm_file_mmap_revoke(struct drm_file *file, struct mem_bo *bo)
{
    struct file_bo *entry;

    pthread_mutex_lock(&file->lock);
    entry = entry_find(file, bo);
    if (entry && entry->mmap_rights > entry->handles) {
        entry->mmap_rights--;
        entry_drop_if_unused(file, entry);
    }
    pthread_mutex_unlock(&file->lock);
}

bool drm_file_mmap_allowed(struct drm_file *file, struct mem_bo *bo)
{
    struct file_bo *entry;
    bool allowed;

    pthread_mutex_lock(&file->lock);
    entry = entry_find(file, bo);
    allowed = entry && entry->mmap_rights;
    pthread_mutex_unlock(&file->lock);
    return allowed;
}
