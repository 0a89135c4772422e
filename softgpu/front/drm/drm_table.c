/* SPDX-License-Identifier: MIT */
#include "softgpu/front/drm/drm_table.h"

#include <errno.h>

#include "softgpu/front/drm/drm_uapi.h"

#define RENDER DRM_ROW_RENDER
#define AUTH   DRM_ROW_AUTH
#define MASTER DRM_ROW_MASTER
#define ROOT   DRM_ROW_ROOT
#define SINCE  DRM_ROW_SINCE
#define ASKS   IOCTL_ROW_ASKS

#define CORE_ROWS(X)                                                                               \
    X(VERSION, DRM_IOCTL_VERSION, drm_ioctl_version, RENDER)                                       \
    X(GET_UNIQUE, DRM_IOCTL_GET_UNIQUE, drm_ioctl_get_unique, 0)                                   \
    X(GET_MAGIC, DRM_IOCTL_GET_MAGIC, drm_ioctl_get_magic, 0)                                      \
    X(GET_CLIENT, DRM_IOCTL_GET_CLIENT, drm_ioctl_get_client, 0)                                   \
    X(GET_STATS, DRM_IOCTL_GET_STATS, drm_ioctl_get_stats, 0)                                      \
    X(SET_VERSION, DRM_IOCTL_SET_VERSION, drm_ioctl_set_version, MASTER)                           \
    X(GEM_CLOSE, DRM_IOCTL_GEM_CLOSE, drm_ioctl_gem_close, RENDER)                                 \
    X(GEM_FLINK, DRM_IOCTL_GEM_FLINK, drm_ioctl_gem_flink, AUTH)                                   \
    X(GEM_OPEN, DRM_IOCTL_GEM_OPEN, drm_ioctl_gem_open, AUTH)                                      \
    X(GET_CAP, DRM_IOCTL_GET_CAP, drm_ioctl_get_cap, RENDER | ASKS)                                \
    X(SET_CLIENT_CAP, DRM_IOCTL_SET_CLIENT_CAP, drm_ioctl_set_client_cap, 0)                       \
    X(SET_UNIQUE, DRM_IOCTL_SET_UNIQUE, drm_ioctl_invalid, AUTH | MASTER | ROOT)                   \
    X(AUTH_MAGIC, DRM_IOCTL_AUTH_MAGIC, drm_ioctl_auth_magic, MASTER)                              \
    X(BLOCK, DRM_IOCTL_BLOCK, drm_ioctl_nothing, AUTH | MASTER | ROOT)                             \
    X(UNBLOCK, DRM_IOCTL_UNBLOCK, drm_ioctl_nothing, AUTH | MASTER | ROOT)                         \
    X(SET_MASTER, DRM_IOCTL_SET_MASTER, drm_ioctl_set_master, 0)                                   \
    X(DROP_MASTER, DRM_IOCTL_DROP_MASTER, drm_ioctl_drop_master, 0)                                \
    X(ADD_DRAW, DRM_IOCTL_ADD_DRAW, drm_ioctl_nothing, AUTH | MASTER | ROOT)                       \
    X(RM_DRAW, DRM_IOCTL_RM_DRAW, drm_ioctl_nothing, AUTH | MASTER | ROOT)                         \
    X(FINISH, DRM_IOCTL_FINISH, drm_ioctl_nothing, AUTH)                                           \
    X(PRIME_HANDLE_TO_FD, DRM_IOCTL_PRIME_HANDLE_TO_FD, drm_ioctl_prime_handle_to_fd, RENDER)      \
    X(PRIME_FD_TO_HANDLE, DRM_IOCTL_PRIME_FD_TO_HANDLE, drm_ioctl_prime_fd_to_handle, RENDER)      \
    X(WAIT_VBLANK, DRM_IOCTL_WAIT_VBLANK, drm_ioctl_no_modeset, 0)                                 \
    X(UPDATE_DRAW, DRM_IOCTL_UPDATE_DRAW, drm_ioctl_nothing, AUTH | MASTER | ROOT)                 \
    X(SYNCOBJ_CREATE, DRM_IOCTL_SYNCOBJ_CREATE, drm_ioctl_syncobj_create, RENDER)                  \
    X(SYNCOBJ_DESTROY, DRM_IOCTL_SYNCOBJ_DESTROY, drm_ioctl_syncobj_destroy, RENDER)               \
    X(SYNCOBJ_HANDLE_TO_FD, DRM_UAPI_IOCTL_SYNCOBJ_HANDLE_TO_FD, drm_ioctl_syncobj_handle_to_fd,   \
      RENDER)                                                                                      \
    X(SYNCOBJ_FD_TO_HANDLE, DRM_UAPI_IOCTL_SYNCOBJ_FD_TO_HANDLE, drm_ioctl_syncobj_fd_to_handle,   \
      RENDER)                                                                                      \
    X(SYNCOBJ_WAIT, DRM_UAPI_IOCTL_SYNCOBJ_WAIT, drm_ioctl_syncobj_wait, RENDER)                   \
    X(SYNCOBJ_RESET, DRM_IOCTL_SYNCOBJ_RESET, drm_ioctl_syncobj_reset, RENDER)                     \
    X(SYNCOBJ_SIGNAL, DRM_IOCTL_SYNCOBJ_SIGNAL, drm_ioctl_syncobj_signal, RENDER)                  \
    X(SYNCOBJ_TIMELINE_WAIT, DRM_UAPI_IOCTL_SYNCOBJ_TIMELINE_WAIT,                                 \
      drm_ioctl_syncobj_timeline_wait, RENDER)                                                     \
    X(SYNCOBJ_QUERY, DRM_IOCTL_SYNCOBJ_QUERY, drm_ioctl_syncobj_query, RENDER)                     \
    X(SYNCOBJ_TRANSFER, DRM_IOCTL_SYNCOBJ_TRANSFER, drm_ioctl_syncobj_transfer, RENDER)            \
    X(SYNCOBJ_TIMELINE_SIGNAL, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL,                                  \
      drm_ioctl_syncobj_timeline_signal, RENDER)                                                   \
    X(SYNCOBJ_EVENTFD, DRM_UAPI_IOCTL_SYNCOBJ_EVENTFD, drm_ioctl_syncobj_eventfd,                  \
      RENDER | SINCE(DRM_MINOR_6_6))                                                               \
    X(SET_CLIENT_NAME, DRM_UAPI_IOCTL_SET_CLIENT_NAME, drm_ioctl_set_client_name,                  \
      RENDER | SINCE(DRM_MINOR_6_16))                                                              \
    X(GEM_CHANGE_HANDLE, DRM_UAPI_IOCTL_GEM_CHANGE_HANDLE, NULL, RENDER | SINCE(DRM_MINOR_6_16))   \
    MODESET_ROWS(X)

/* The GPU has no display engine: nothing to list, and what is about single objects is refused. */
#define MODESET_ROWS(X)                                                                            \
    X(MODE_GETRESOURCES, DRM_IOCTL_MODE_GETRESOURCES, drm_ioctl_mode_getresources, 0)              \
    X(MODE_GETPLANERESOURCES, DRM_IOCTL_MODE_GETPLANERESOURCES, drm_ioctl_mode_getplaneresources,  \
      0)                                                                                           \
    MODESET_ROW(X, MODE_GETCRTC, 0)                                                                \
    MODESET_ROW(X, MODE_SETCRTC, MASTER)                                                           \
    MODESET_ROW(X, MODE_GETPLANE, 0)                                                               \
    MODESET_ROW(X, MODE_SETPLANE, MASTER)                                                          \
    MODESET_ROW(X, MODE_CURSOR, MASTER)                                                            \
    MODESET_ROW(X, MODE_GETGAMMA, 0)                                                               \
    MODESET_ROW(X, MODE_SETGAMMA, MASTER)                                                          \
    MODESET_ROW(X, MODE_GETENCODER, 0)                                                             \
    MODESET_ROW(X, MODE_GETCONNECTOR, 0)                                                           \
    X(MODE_ATTACHMODE, DRM_IOCTL_MODE_ATTACHMODE, drm_ioctl_nothing, MASTER)                       \
    X(MODE_DETACHMODE, DRM_IOCTL_MODE_DETACHMODE, drm_ioctl_nothing, MASTER)                       \
    MODESET_ROW(X, MODE_GETPROPERTY, 0)                                                            \
    MODESET_ROW(X, MODE_SETPROPERTY, MASTER)                                                       \
    MODESET_ROW(X, MODE_GETPROPBLOB, 0)                                                            \
    MODESET_ROW(X, MODE_GETFB, 0)                                                                  \
    MODESET_ROW(X, MODE_GETFB2, 0)                                                                 \
    MODESET_ROW(X, MODE_ADDFB, 0)                                                                  \
    MODESET_ROW(X, MODE_ADDFB2, 0)                                                                 \
    MODESET_ROW(X, MODE_RMFB, 0)                                                                   \
    MODESET_ROW(X, MODE_PAGE_FLIP, MASTER)                                                         \
    MODESET_ROW(X, MODE_DIRTYFB, MASTER)                                                           \
    MODESET_ROW(X, MODE_CREATE_DUMB, 0)                                                            \
    MODESET_ROW(X, MODE_MAP_DUMB, 0)                                                               \
    MODESET_ROW(X, MODE_DESTROY_DUMB, 0)                                                           \
    MODESET_ROW(X, MODE_OBJ_GETPROPERTIES, 0)                                                      \
    MODESET_ROW(X, MODE_OBJ_SETPROPERTY, MASTER)                                                   \
    MODESET_ROW(X, MODE_CURSOR2, MASTER)                                                           \
    MODESET_ROW(X, MODE_ATOMIC, MASTER)                                                            \
    MODESET_ROW(X, MODE_CREATEPROPBLOB, 0)                                                         \
    MODESET_ROW(X, MODE_DESTROYPROPBLOB, 0)                                                        \
    MODESET_ROW(X, CRTC_GET_SEQUENCE, 0)                                                           \
    MODESET_ROW(X, CRTC_QUEUE_SEQUENCE, 0)                                                         \
    MODESET_ROW(X, MODE_CREATE_LEASE, MASTER)                                                      \
    MODESET_ROW(X, MODE_LIST_LESSEES, MASTER)                                                      \
    MODESET_ROW(X, MODE_GET_LEASE, MASTER)                                                         \
    MODESET_ROW(X, MODE_REVOKE_LEASE, MASTER)                                                      \
    X(MODE_CLOSEFB, DRM_UAPI_IOCTL_MODE_CLOSEFB, drm_ioctl_no_modeset, SINCE(DRM_MINOR_6_6))

#define MODESET_ROW(X, name, flags) X(name, DRM_IOCTL_##name, drm_ioctl_no_modeset, flags)

#define AMDGPU_ROWS(X)                                                                             \
    X(AMDGPU_GEM_CREATE, DRM_IOCTL_AMDGPU_GEM_CREATE, drm_ioctl_gem_create, AUTH | RENDER)         \
    X(AMDGPU_GEM_MMAP, DRM_IOCTL_AMDGPU_GEM_MMAP, drm_ioctl_gem_mmap, AUTH | RENDER)               \
    X(AMDGPU_CTX, DRM_IOCTL_AMDGPU_CTX, drm_ioctl_ctx, AUTH | RENDER)                              \
    X(AMDGPU_BO_LIST, DRM_IOCTL_AMDGPU_BO_LIST, drm_ioctl_bo_list, AUTH | RENDER)                  \
    X(AMDGPU_CS, DRM_IOCTL_AMDGPU_CS, drm_ioctl_cs, AUTH | RENDER)                                 \
    X(AMDGPU_INFO, DRM_IOCTL_AMDGPU_INFO, drm_ioctl_info, AUTH | RENDER | ASKS)                    \
    X(AMDGPU_GEM_METADATA, DRM_IOCTL_AMDGPU_GEM_METADATA, drm_ioctl_gem_metadata, AUTH | RENDER)   \
    X(AMDGPU_GEM_WAIT_IDLE, DRM_IOCTL_AMDGPU_GEM_WAIT_IDLE, drm_ioctl_gem_wait_idle,               \
      AUTH | RENDER)                                                                               \
    X(AMDGPU_GEM_VA, DRM_UAPI_IOCTL_GEM_VA, drm_ioctl_gem_va, AUTH | RENDER)                       \
    X(AMDGPU_WAIT_CS, DRM_IOCTL_AMDGPU_WAIT_CS, drm_ioctl_wait_cs, AUTH | RENDER)                  \
    X(AMDGPU_GEM_OP, DRM_UAPI_IOCTL_GEM_OP, drm_ioctl_gem_op, AUTH | RENDER)                       \
    X(AMDGPU_GEM_USERPTR, DRM_IOCTL_AMDGPU_GEM_USERPTR, drm_ioctl_gem_userptr, AUTH | RENDER)      \
    X(AMDGPU_WAIT_FENCES, DRM_IOCTL_AMDGPU_WAIT_FENCES, drm_ioctl_wait_fences, AUTH | RENDER)      \
    X(AMDGPU_VM, DRM_IOCTL_AMDGPU_VM, drm_ioctl_vm, AUTH | RENDER)                                 \
    X(AMDGPU_FENCE_TO_HANDLE, DRM_IOCTL_AMDGPU_FENCE_TO_HANDLE, drm_ioctl_fence_to_handle,         \
      AUTH | RENDER)                                                                               \
    X(AMDGPU_SCHED, DRM_IOCTL_AMDGPU_SCHED, drm_ioctl_sched, MASTER)                               \
    X(AMDGPU_USERQ, DRM_UAPI_IOCTL_USERQ, drm_ioctl_user_queue,                                    \
      AUTH | RENDER | SINCE(DRM_MINOR_6_16))                                                       \
    X(AMDGPU_USERQ_SIGNAL, DRM_UAPI_IOCTL_USERQ_SIGNAL, drm_ioctl_user_queue,                      \
      AUTH | RENDER | SINCE(DRM_MINOR_6_16))                                                       \
    X(AMDGPU_USERQ_WAIT, DRM_UAPI_IOCTL_USERQ_WAIT, drm_ioctl_user_queue,                          \
      AUTH | RENDER | SINCE(DRM_MINOR_6_16))                                                       \
    X(AMDGPU_GEM_LIST_HANDLES, DRM_UAPI_IOCTL_GEM_LIST_HANDLES, drm_ioctl_gem_list_handles,        \
      AUTH | RENDER | SINCE(DRM_MINOR_6_16))

#define ROW(name_, request_, handler_, flags_)                                                     \
    [_IOC_NR(request_)] = {                                                                        \
        .name = #name_, .request = (request_), .handler = (handler_), .flags = (flags_)},

static const struct ioctl_row rows[256] = {CORE_ROWS(ROW) AMDGPU_ROWS(ROW)};

bool drm_kernel_is_7(const struct drm_fpriv *fpriv)
{
    return fpriv->machine->kernel->drm_minor >= DRM_MINOR_6_16;
}

const struct ioctl_row *drm_row_find(const struct kernel_profile *kernel, unsigned long request)
{
    const struct ioctl_row *row = &rows[_IOC_NR(request)];

    if (!row->name || DRM_ROW_SINCE_OF(row) > kernel->drm_minor)
        return NULL;
    return row;
}

rw_status drm_row_permit(const struct ioctl_row *row, struct drm_fpriv *fpriv)
{
    if ((row->flags & DRM_ROW_ROOT) && !drm_auth_is_administrator())
        return RW_FAIL(EACCES, "needs CAP_SYS_ADMIN");
    if ((row->flags & DRM_ROW_AUTH) && !fpriv->render && !drm_auth_is_authenticated(fpriv))
        return RW_FAIL(EACCES, "the file is not authenticated; use the render node");
    if ((row->flags & DRM_ROW_MASTER) && !drm_auth_is_master(fpriv))
        return RW_FAIL(EACCES, "the file is not DRM master");
    if (!(row->flags & DRM_ROW_RENDER) && fpriv->render)
        return rw_status_quiet(EACCES);
    return RW_OK;
}
