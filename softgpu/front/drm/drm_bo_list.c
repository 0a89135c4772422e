/* SPDX-License-Identifier: MIT
 *
 * Kernel: amdgpu_bo_list.c.
 */
#include "softgpu/front/drm/drm_bo_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/front/drm/drm_gem.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/front/remote.h"

#define MAX_ENTRIES (128u * 1024)

struct drm_bo_list *drm_bo_list_get(struct drm_bo_list *list)
{
    atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
    return list;
}

void drm_bo_list_put(struct drm_bo_list *list)
{
    if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < list->count; i++)
        mem_bo_put(list->bos[i]);
    free(list);
}

rw_status drm_bo_list_find(struct drm_fpriv *fpriv, uint32_t handle, struct drm_bo_list **out_list)
{
    struct drm_bo_list *list;

    pthread_mutex_lock(&fpriv->lock);
    list = handle_table_find(&fpriv->bo_lists, handle);
    if (list)
        drm_bo_list_get(list);
    pthread_mutex_unlock(&fpriv->lock);
    *out_list = list;
    return list ? RW_OK : RW_FAIL(ENOENT, "buffer list %u does not exist", handle);
}

void drm_bo_list_table_finish(struct drm_fpriv *fpriv)
{
    struct drm_bo_list *list;

    for (uint32_t h = 0; (list = handle_table_at_or_above(&fpriv->bo_lists, &h)); h++)
        drm_bo_list_put(list);
    handle_table_finish(&fpriv->bo_lists);
}

/* One by one, as they are of an older or newer size than ours. */
static rw_status entries_convert(const struct drm_amdgpu_bo_list_in *in,
                                 struct drm_amdgpu_bo_list_entry *entries)
{
    size_t part = in->bo_info_size < sizeof *entries ? in->bo_info_size : sizeof *entries;

    for (uint32_t i = 0; i < in->bo_number; i++)
        RW_TRY(front_copy_in(&entries[i], in->bo_info_ptr + (uint64_t)i * in->bo_info_size, part));
    return RW_OK;
}

static rw_status entries_copy_in(const struct drm_amdgpu_bo_list_in *in,
                                 struct drm_amdgpu_bo_list_entry **out_entries)
{
    struct drm_amdgpu_bo_list_entry *entries;
    rw_status s;

    if (in->bo_number > MAX_ENTRIES)
        return RW_FAIL(EINVAL, "%u entries, %u is the most", in->bo_number, MAX_ENTRIES);
    entries = calloc(in->bo_number ? in->bo_number : 1, sizeof *entries);
    if (!entries)
        return RW_FAIL(ENOMEM, "no memory for %u entries", in->bo_number);
    s = in->bo_info_size == sizeof *entries
            ? front_copy_in(entries, in->bo_info_ptr, in->bo_number * sizeof *entries)
            : entries_convert(in, entries);
    if (!rw_ok(s)) {
        free(entries);
        return s;
    }
    *out_entries = entries;
    return RW_OK;
}

static rw_status bo_list_alloc(uint32_t room, struct drm_bo_list **out_list)
{
    struct drm_bo_list *list = calloc(1, sizeof *list + room * sizeof list->bos[0]);

    if (!list)
        return RW_FAIL(ENOMEM, "no memory for a list of %u objects", room);
    atomic_init(&list->refs, 1);
    *out_list = list;
    return RW_OK;
}

rw_status drm_bo_list_make_empty(struct drm_bo_list **out_list)
{
    return bo_list_alloc(0, out_list);
}

rw_status drm_bo_list_make(struct drm_fpriv *fpriv, const struct drm_amdgpu_bo_list_in *in,
                           struct drm_bo_list **out_list)
{
    struct drm_amdgpu_bo_list_entry *entries;
    struct drm_bo_list *list = NULL;
    rw_status s;

    RW_TRY(entries_copy_in(in, &entries));
    s = bo_list_alloc(in->bo_number, &list);
    for (uint32_t i = 0; rw_ok(s) && i < in->bo_number; i++) {
        s = drm_gem_lookup(fpriv, entries[i].bo_handle, &list->bos[i]);
        list->count += rw_ok(s);
        if (rw_ok(s) && list->bos[i]->backing == MEM_BACKING_USERPTR && remote_is_serving())
            s = RW_FAIL(EPERM, "entry %u is memory of another process", i);
    }
    free(entries);
    if (!rw_ok(s)) {
        drm_bo_list_put(list);
        return s;
    }
    *out_list = list;
    return RW_OK;
}

static rw_status bo_list_create(struct drm_fpriv *fpriv, const struct drm_amdgpu_bo_list_in *in,
                                uint32_t *out_handle)
{
    struct drm_bo_list *list;
    rw_status s;

    RW_TRY(drm_bo_list_make(fpriv, in, &list));
    pthread_mutex_lock(&fpriv->lock);
    s = handle_table_take(&fpriv->bo_lists, list, out_handle);
    pthread_mutex_unlock(&fpriv->lock);
    if (!rw_ok(s))
        drm_bo_list_put(list);
    return s;
}

static rw_status bo_list_update(struct drm_fpriv *fpriv, const struct drm_amdgpu_bo_list_in *in)
{
    struct drm_bo_list *list, *old;

    RW_TRY(drm_bo_list_make(fpriv, in, &list));
    pthread_mutex_lock(&fpriv->lock);
    old = handle_table_replace(&fpriv->bo_lists, in->list_handle, list);
    pthread_mutex_unlock(&fpriv->lock);
    drm_bo_list_put(old ? old : list);
    return old ? RW_OK : RW_FAIL(ENOENT, "buffer list %u does not exist", in->list_handle);
}

/* The kernel copies the array in before it looks at the operation. */
static rw_status check_array(const struct drm_amdgpu_bo_list_in *in)
{
    struct drm_amdgpu_bo_list_entry *entries;

    RW_TRY(entries_copy_in(in, &entries));
    free(entries);
    return RW_OK;
}

rw_status drm_ioctl_bo_list(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    union drm_amdgpu_bo_list *args = argument;
    uint32_t handle = args->in.list_handle;
    struct drm_bo_list *list;

    switch (args->in.operation) {
    case AMDGPU_BO_LIST_OP_CREATE:
        RW_TRY(bo_list_create(fpriv, &args->in, &handle));
        break;
    case AMDGPU_BO_LIST_OP_UPDATE:
        RW_TRY(bo_list_update(fpriv, &args->in));
        break;
    case AMDGPU_BO_LIST_OP_DESTROY:
        RW_TRY(check_array(&args->in));
        pthread_mutex_lock(&fpriv->lock);
        list = handle_table_give_back(&fpriv->bo_lists, handle);
        pthread_mutex_unlock(&fpriv->lock);
        drm_bo_list_put(list); /* unknown lists are destroyed with success */
        handle = 0;
        break;
    default:
        RW_TRY(check_array(&args->in));
        return RW_FAIL(EINVAL, "unknown operation %u", args->in.operation);
    }
    memset(args, 0, sizeof *args);
    args->out.list_handle = handle;
    return RW_OK;
}
