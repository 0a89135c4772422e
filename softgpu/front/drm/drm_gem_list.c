/* SPDX-License-Identifier: MIT
 *
 * What a file has, for whoever saves and restores processes: its handles and an object's mappings.
 * Kernel: amdgpu_gem_list_handles_ioctl(), and GET_MAPPING_INFO of amdgpu_gem_op_ioctl().
 */
#include <errno.h>
#include <stdlib.h>

#include "softgpu/front/drm/drm_gem.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"

/* ---- handles ---- */

struct handle_list {
    struct drm_uapi_gem_list_entry *entries; /* owned; NULL: to be counted */
    uint32_t room, count;
};

static bool handle_note(void *context, uint32_t handle, const struct mem_bo *bo)
{
    struct handle_list *list = context;

    if (list->count < list->room)
        list->entries[list->count] = (struct drm_uapi_gem_list_entry){
            .gem_handle = handle,
            .flags = bo->origin ? DRM_UAPI_GEM_LIST_IS_IMPORT : 0,
            .size = bo->size,
            .preferred_domains = bo->preferred,
            .alloc_flags = bo->create_flags & DRM_GEM_CREATE_FLAGS,
            .alignment = (bo->align + 4095) / 4096,
        };
    list->count++;
    return true;
}

/* Too little room is no error: the answer is how much there must be. */
rw_status drm_ioctl_gem_list_handles(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    struct drm_uapi_gem_list_handles *args = argument;
    struct handle_list list = {0};
    rw_status s = RW_OK;

    drm_file_handle_each(fpriv->file, handle_note, &list);
    if (args->num_entries < list.count || list.count == 0) {
        args->num_entries = list.count;
        return RW_OK;
    }
    list.room = list.count;
    list.count = 0;
    list.entries = calloc(list.room, sizeof *list.entries);
    if (!list.entries)
        return RW_FAIL(ENOMEM, "no memory to list %u handles", list.room);
    drm_file_handle_each(fpriv->file, handle_note, &list);
    if (list.count > list.room)
        s = rw_status_quiet(EAGAIN); /* more came meanwhile */
    args->num_entries = list.count < list.room ? list.count : list.room;
    if (rw_ok(s)) /* what went meanwhile reads as zero */
        s = front_copy_out(args->entries, list.entries, list.room * sizeof *list.entries);
    free(list.entries);
    return s;
}

/* ---- mappings of an object ---- */

struct mapping_list {
    const struct mem_bo *bo;
    struct drm_uapi_gem_vm_entry *entries; /* owned */
    uint32_t room, count;
};

static bool mapping_note(void *context, const struct gpu_vm_mapping_info *info)
{
    struct mapping_list *list = context;

    if (info->bo != list->bo)
        return true;
    if (list->count < list->room)
        list->entries[list->count] = (struct drm_uapi_gem_vm_entry){
            .addr = info->start.addr,
            .size = info->size,
            .offset = info->bo_offset,
            .flags = info->flags,
        };
    list->count++;
    return true;
}

rw_status drm_gem_mappings_copy_out(struct drm_fpriv *fpriv, struct mem_bo *bo, uint64_t user,
                                    uint32_t *count)
{
    struct mapping_list list = {.bo = bo};
    struct gpu_vm *vm = drm_file_vm(fpriv->file);
    rw_status s = RW_OK;

    if (!gpu_vm_bo_is_attached(vm, bo))
        return RW_FAIL(ENOENT, "a %s has no place in this VM", bo->label);
    gpu_vm_for_each_mapping(vm, mapping_note, &list); /* the caller's number may be any */
    list.room = *count < list.count ? *count : list.count;
    list.count = 0;
    list.entries = calloc(list.room ? list.room : 1, sizeof *list.entries);
    if (!list.entries)
        return RW_FAIL(ENOMEM, "no memory to list %u mappings", list.room);
    gpu_vm_for_each_mapping(vm, mapping_note, &list);
    if (list.count && list.count <= list.room)
        s = front_copy_out(user, list.entries, list.count * sizeof *list.entries);
    *count = list.count;
    free(list.entries);
    return s;
}
