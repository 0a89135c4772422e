/* SPDX-License-Identifier: MIT
 *
 * What the render node refuses, and how.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/contract/kernel/cases.h"

void case_drm_dispatch(void)
{
    int drm = render_open(0);
    struct drm_unique unique = {0};
    struct drm_get_cap cap = {.capability = DRM_CAP_PRIME};
    struct drm_amdgpu_info info = {
        .query = 0xffff, .return_pointer = (uintptr_t)&cap, .return_size = sizeof cap};
    uint32_t argument[64] = {0};

    EXPECT(call(drm, DRM_IOCTL_GET_UNIQUE, &unique), EACCES);
    EXPECT(call(drm, _IOWR('d', 0x9e, argument), argument), EINVAL);
    EXPECT(call(drm, DRM_IOCTL_GET_CAP, &cap), 0);
    EXPECT(cap.value, DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT);
    cap.capability = DRM_CAP_SYNCOBJ_TIMELINE;
    EXPECT(call(drm, DRM_IOCTL_GET_CAP, &cap), 0);
    EXPECT(cap.value, 1);
    EXPECT(call(drm, DRM_IOCTL_AMDGPU_INFO, &info), EINVAL);
    info.return_pointer = 0;
    EXPECT(call(drm, DRM_IOCTL_AMDGPU_INFO, &info), EINVAL);
    EXPECT(call(drm, DRM_IOCTL_GEM_CLOSE, NULL), EFAULT);
    EXPECT(gem_close(drm, 1), EINVAL);
}

void case_gem_create_refuses(void)
{
    int drm = render_open(0);
    uint32_t gem;

    EXPECT(gem_create(drm, PAGE, UINT64_C(1) << 20, 0, &gem), EINVAL);
    EXPECT(gem_create(drm, PAGE, AMDGPU_GEM_DOMAIN_VRAM, UINT64_C(1) << 40, &gem), EINVAL);
    EXPECT(gem_create(drm, PAGE, AMDGPU_GEM_DOMAIN_GDS | AMDGPU_GEM_DOMAIN_GTT, 0, &gem), EINVAL);
    EXPECT(gem_create(drm, PAGE, AMDGPU_GEM_DOMAIN_GDS, AMDGPU_GEM_CREATE_VM_ALWAYS_VALID, &gem),
           EINVAL);
    EXPECT(gem_create(drm, UINT64_C(1) << 50, AMDGPU_GEM_DOMAIN_VRAM, 0, &gem), ENOMEM);
    EXPECT(gem_create(drm, PAGE, AMDGPU_GEM_DOMAIN_VRAM | AMDGPU_GEM_DOMAIN_GTT, 0, &gem), 0);
    EXPECT(gem, 1);
}

void case_gem_va_refuses(void)
{
    int drm = render_open(0);
    uint32_t gem;

    EXPECT(gem_create(drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &gem), 0);
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, gem, MIB(1), PAGE), KERNEL(gem_va_below_2_mib));
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, gem, KIB(60), PAGE), EINVAL);
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, gem, UINT64_C(1) << 47, PAGE), EINVAL); /* the hole */
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, gem, -MIB(1), PAGE), EINVAL);           /* the top */
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, gem, va_at(0) + 1, PAGE), EINVAL);
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, gem, va_at(0), PAGE + 1), EINVAL);
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, gem, va_at(0), MIB(2)), EINVAL);
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, 4711, va_at(0), PAGE), ENOENT);
    EXPECT(gem_va(drm, 77, gem, va_at(0), PAGE), EINVAL);
    EXPECT(gem_va(drm, AMDGPU_VA_OP_UNMAP, gem, va_at(0), PAGE), ENOENT);
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, gem, va_at(0), MIB(1)), 0);
    EXPECT(gem_va(drm, AMDGPU_VA_OP_UNMAP, gem, va_at(0) + PAGE, PAGE), ENOENT); /* exact start */
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, gem, va_at(1), MIB(1)), 0); /* twice in one VM */
    EXPECT(gem_close(drm, gem), 0);                                  /* takes both along */
    EXPECT(gem_create(drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &gem), 0);
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, gem, va_at(0), MIB(1)), 0);
}

void case_prime_refuses(void)
{
    int drm = render_open(0), null = open("/dev/null", O_RDWR), fd;
    struct drm_prime_handle args = {.flags = 1u << 30};
    uint32_t gem, other;

    EXPECT(gem_create(drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &gem), 0);
    args.handle = gem;
    EXPECT(call(drm, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args), EINVAL);
    EXPECT(gem_export(drm, 4711, &fd), ENOENT);
    EXPECT(gem_import(drm, -1, &other), EBADF);
    EXPECT(gem_import(drm, null, &other), EINVAL);
    EXPECT(gem_import(drm, drm, &other), EINVAL);
    EXPECT(gem_export(drm, gem, &fd), 0);
    EXPECT(lseek(fd, 0, SEEK_END), MIB(1));
    EXPECT(gem_import(drm, fd, &other), 0);
    EXPECT(other, gem); /* its own buffer, by its own handle */
    EXPECT(gem_import(render_open(0), fd, &other), 0);
}

static int syncobj_wait(int drm, uint32_t handle, uint32_t flags)
{
    struct drm_syncobj_wait args = {
        .handles = (uintptr_t)&handle, .count_handles = 1, .flags = flags};

    return call(drm, DRM_IOCTL_SYNCOBJ_WAIT, &args);
}

void case_syncobj_refuses(void)
{
    int drm = render_open(0);
    struct drm_syncobj_create create = {.flags = 1u << 31};
    struct drm_syncobj_destroy destroy = {.handle = 4711};
    struct drm_syncobj_handle to_fd = {.handle = 4711};
    struct drm_syncobj_array none = {0}, one = {.count_handles = 1};
    struct drm_syncobj_wait nothing = {0};
    uint32_t unknown = 4711;

    EXPECT(call(drm, DRM_IOCTL_SYNCOBJ_CREATE, &create), EINVAL);
    EXPECT(call(drm, DRM_IOCTL_SYNCOBJ_DESTROY, &destroy), EINVAL);
    EXPECT(call(drm, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &to_fd), EINVAL);
    to_fd.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
    EXPECT(call(drm, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &to_fd), ENOENT);
    EXPECT(call(drm, DRM_IOCTL_SYNCOBJ_SIGNAL, &none), EINVAL);
    EXPECT(call(drm, DRM_IOCTL_SYNCOBJ_WAIT, &nothing), 0);
    EXPECT(syncobj_wait(drm, unknown, 0), ENOENT);

    create.flags = 0;
    EXPECT(call(drm, DRM_IOCTL_SYNCOBJ_CREATE, &create), 0);
    EXPECT(create.handle, 1);
    EXPECT(syncobj_wait(drm, create.handle, 0), EINVAL); /* there is no fence to wait for */
    EXPECT(syncobj_wait(drm, create.handle, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), ETIME);
    one.handles = (uintptr_t)&create.handle;
    EXPECT(call(drm, DRM_IOCTL_SYNCOBJ_SIGNAL, &one), 0);
    EXPECT(syncobj_wait(drm, create.handle, 0), 0);
    one.handles = (uintptr_t)&unknown;
    EXPECT(call(drm, DRM_IOCTL_SYNCOBJ_RESET, &one), ENOENT);
}

void case_context_and_list_refuse(void)
{
    int drm = render_open(0);
    union drm_amdgpu_ctx ctx = {.in = {.op = AMDGPU_CTX_OP_FREE_CTX, .ctx_id = 4711}};
    struct drm_amdgpu_bo_list_entry entry = {.bo_handle = 4711};
    union drm_amdgpu_bo_list list = {
        .in = {.operation = AMDGPU_BO_LIST_OP_DESTROY, .list_handle = 4711}};
    union drm_amdgpu_wait_cs wait = {.in = {.ctx_id = 4711}};
    union drm_amdgpu_gem_wait_idle idle = {.in = {.handle = 4711}};
    struct drm_amdgpu_gem_userptr host = {.addr = PAGE + 1, .size = PAGE};

    EXPECT(call(drm, DRM_IOCTL_AMDGPU_CTX, &ctx), EINVAL);
    ctx.in.op = 77;
    EXPECT(call(drm, DRM_IOCTL_AMDGPU_CTX, &ctx), EINVAL);
    ctx = (union drm_amdgpu_ctx){.in = {.op = AMDGPU_CTX_OP_ALLOC_CTX}};
    EXPECT(call(drm, DRM_IOCTL_AMDGPU_CTX, &ctx), 0);
    EXPECT(ctx.out.alloc.ctx_id, 1);
    EXPECT(call(drm, DRM_IOCTL_AMDGPU_BO_LIST, &list), 0); /* this one forgives */
    list = (union drm_amdgpu_bo_list){.in = {.operation = AMDGPU_BO_LIST_OP_CREATE,
                                             .bo_number = 1,
                                             .bo_info_size = sizeof entry,
                                             .bo_info_ptr = (uintptr_t)&entry}};
    EXPECT(call(drm, DRM_IOCTL_AMDGPU_BO_LIST, &list), ENOENT);
    EXPECT(call(drm, DRM_IOCTL_AMDGPU_WAIT_CS, &wait), EINVAL);
    EXPECT(call(drm, DRM_IOCTL_AMDGPU_GEM_WAIT_IDLE, &idle), ENOENT);
    EXPECT(call(drm, DRM_IOCTL_AMDGPU_GEM_USERPTR, &host), EINVAL);
    host.addr = PAGE;
    EXPECT(call(drm, DRM_IOCTL_AMDGPU_GEM_USERPTR, &host), EACCES);
    host.flags = AMDGPU_GEM_USERPTR_REGISTER | AMDGPU_GEM_USERPTR_VALIDATE;
    EXPECT(call(drm, DRM_IOCTL_AMDGPU_GEM_USERPTR, &host), EFAULT); /* nothing is there */
}
