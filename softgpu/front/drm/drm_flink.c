/* SPDX-License-Identifier: MIT
 *
 * GEM_FLINK and GEM_OPEN: names of objects that are global to a device, as sharing was done before
 * dma-bufs. Primary nodes only. A name keeps nothing alive; it goes with its object. Kernel:
 * drm_gem_flink_ioctl(), drm_gem_open_ioctl().
 */
#include <errno.h>
#include <stdlib.h>

#include "softgpu/front/drm/drm_gem.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"

/* An object is found by its offset and known again by its id, which is never used twice. */
struct flink_name {
    uint64_t mmap_offset, id;
};

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static struct handle_table names[SOFT_MAX_DEVICES]; /* of struct flink_name, owned */
static bool names_made[SOFT_MAX_DEVICES];

static struct handle_table *names_of_locked(const struct soft_device *device)
{
    struct handle_table *table = &names[device->index];

    if (!names_made[device->index])
        handle_table_init(table, 1, INT32_MAX);
    names_made[device->index] = true;
    return table;
}

/* New reference; NULL when the object has gone. */
static struct mem_bo *object_of(const struct soft_device *device, const struct flink_name *name)
{
    struct mem_bo *bo = mem_bo_find_by_mmap_offset(device->heaps, name->mmap_offset);

    if (bo && bo->id == name->id)
        return bo;
    mem_bo_put(bo);
    return NULL;
}

/* The object's name, if it has one; forgets those of objects that have gone. */
static uint32_t name_find_locked(struct soft_device *device, const struct mem_bo *bo)
{
    struct handle_table *table = names_of_locked(device);
    struct flink_name *name;
    uint32_t found = 0;

    for (uint32_t n = 0; (name = handle_table_at_or_above(table, &n)); n++) {
        struct mem_bo *named = object_of(device, name);

        if (!named)
            free(handle_table_give_back(table, n));
        else if (named == bo)
            found = n;
        mem_bo_put(named);
    }
    return found;
}

static rw_status name_make_locked(struct soft_device *device, const struct mem_bo *bo,
                                  uint32_t *out_name)
{
    struct flink_name *name = malloc(sizeof *name);
    rw_status s;

    if (!name)
        return RW_FAIL(ENOMEM, "no memory for a name");
    *name = (struct flink_name){bo->mmap_offset, bo->id};
    s = handle_table_take(names_of_locked(device), name, out_name);
    if (!rw_ok(s))
        free(name);
    return s;
}

rw_status drm_ioctl_gem_flink(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    struct drm_gem_flink *args = argument;
    struct mem_bo *bo;
    rw_status s = RW_OK;

    RW_TRY(drm_gem_lookup(fpriv, args->handle, &bo));
    pthread_mutex_lock(&names_lock);
    args->name = name_find_locked(fpriv->device, bo);
    if (!args->name)
        s = name_make_locked(fpriv->device, bo, &args->name);
    pthread_mutex_unlock(&names_lock);
    mem_bo_put(bo);
    return s;
}

rw_status drm_ioctl_gem_open(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    struct drm_gem_open *args = argument;
    const struct flink_name *name;
    struct mem_bo *bo = NULL;
    rw_status s;

    pthread_mutex_lock(&names_lock);
    name = handle_table_find(names_of_locked(fpriv->device), args->name);
    if (name)
        bo = object_of(fpriv->device, name);
    pthread_mutex_unlock(&names_lock);
    if (!bo)
        return RW_FAIL(ENOENT, "no object has the name %u", args->name);
    s = drm_file_handle_create(fpriv->file, bo, &args->handle);
    args->size = bo->size;
    mem_bo_put(bo);
    return s;
}
