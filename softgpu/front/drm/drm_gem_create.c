/* SPDX-License-Identifier: MIT
 *
 * GEM_CREATE and GEM_USERPTR. Kernel: amdgpu_gem_create_ioctl(), amdgpu_gem_userptr_ioctl(),
 * amdgpu_bo_create().
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "softgpu/front/drm/drm_gem.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/front/remote.h"
#include "softgpu/mem/heaps.h"

#define PAGE_MASK       UINT64_C(4095)

#define DOMAINS_MEMORY  (AMDGPU_GEM_DOMAIN_CPU | AMDGPU_GEM_DOMAIN_GTT | AMDGPU_GEM_DOMAIN_VRAM)
#define DOMAINS_ON_CHIP (AMDGPU_GEM_DOMAIN_GDS | AMDGPU_GEM_DOMAIN_GWS | AMDGPU_GEM_DOMAIN_OA)

/* ---- GEM_CREATE ---- */

static rw_status check_domains(uint64_t domains)
{
    uint64_t special = domains & ~(uint64_t)DOMAINS_MEMORY;

    if (domains & ~(uint64_t)DRM_UAPI_GEM_DOMAIN_MASK)
        return RW_FAIL(EINVAL, "unknown domains 0x%llx", (unsigned long long)domains);
    if (special && ((domains & DOMAINS_MEMORY) || (special & (special - 1))))
        return RW_FAIL(EINVAL, "on-chip domains stand alone: 0x%llx", (unsigned long long)domains);
    return RW_OK;
}

/* Up to Linux 6.12 doorbells are the kernel's. Later ones give them out on any GPU, although they
 * are of use only to user queues of the graphics driver, which GFX10.3 lacks. */
static rw_status check_doorbell(const struct drm_fpriv *fpriv, uint64_t domains)
{
    if (!(domains & DRM_UAPI_GEM_DOMAIN_DOORBELL))
        return RW_OK;
    if (!drm_kernel_is_7(fpriv))
        return RW_FAIL(EINVAL, "doorbell objects are not for user space on this kernel");
    return front_lacks(RW_AREA_drm, EINVAL,
                       "GEM_CREATE: softgpu has no doorbell objects; no user queue of the graphics "
                       "driver would listen to one");
}

static rw_status check_create(const struct drm_fpriv *fpriv,
                              const struct drm_amdgpu_gem_create_in *in)
{
    RW_TRY(check_doorbell(fpriv, in->domains));
    if (in->domain_flags & ~(uint64_t)DRM_GEM_CREATE_FLAGS)
        return RW_FAIL(EINVAL, "unknown flags 0x%llx",
                       (unsigned long long)(in->domain_flags & ~(uint64_t)DRM_GEM_CREATE_FLAGS));
    RW_TRY(check_domains(in->domains));
    if (in->domain_flags & AMDGPU_GEM_CREATE_ENCRYPTED)
        return RW_FAIL(EINVAL, "this GPU has no encrypted memory (TMZ)");
    if ((in->domains & DOMAINS_ON_CHIP) && (in->domain_flags & AMDGPU_GEM_CREATE_VM_ALWAYS_VALID))
        return RW_FAIL(EINVAL, "on-chip objects cannot be always valid");
    return RW_OK;
}

/* On-chip objects take one page of bookkeeping space for each unit. */
static uint64_t size_of_object(const struct drm_amdgpu_gem_create_in *in)
{
    if (in->domains & AMDGPU_GEM_DOMAIN_GDS)
        return ((in->bo_size + 3) & ~UINT64_C(3)) << 12;
    return in->domains & DOMAINS_ON_CHIP ? in->bo_size << 12 : in->bo_size;
}

/* Kernel: amdgpu_bo_validate_size(): what can never fit is refused at once. */
static rw_status check_size(struct drm_fpriv *fpriv, uint64_t size, uint32_t domains)
{
    struct mem_usage usage;
    uint64_t limit;

    mem_heaps_usage(fpriv->device->heaps, &usage);
    limit = domains & MEM_DOMAIN_GTT    ? usage.gtt_size
            : domains & MEM_DOMAIN_VRAM ? usage.vram_size
                                        : UINT64_MAX;
    if (size < limit)
        return RW_OK;
    return RW_FAIL(ENOMEM, "%llu bytes can never fit into domains 0x%x", (unsigned long long)size,
                   domains);
}

static rw_status create_in(struct drm_fpriv *fpriv, struct mem_bo_desc *desc, const char *label,
                           struct mem_bo **out_bo)
{
    RW_TRY(check_size(fpriv, desc->size, desc->domains));
    return mem_bo_create(fpriv->device->heaps, desc, label, out_bo);
}

static const char *label_of_domains(uint64_t domains)
{
    if (domains & DOMAINS_ON_CHIP)
        return "gem on-chip";
    return domains & AMDGPU_GEM_DOMAIN_VRAM ? "gem vram" : "gem gtt";
}

/* The wish for CPU access never fails here, since all of VRAM is visible; what is left of the
 * kernel's ladder of retries is VRAM, for which others are moved out, then VRAM or GTT. What is
 * left of VRAM when it was full of buffers with an eviction fence is therefore GTT. */
static rw_status create_object(struct drm_fpriv *fpriv, const struct drm_amdgpu_gem_create_in *in,
                               struct mem_bo **out_bo)
{
    bool on_chip = in->domains & DOMAINS_ON_CHIP;
    struct mem_bo_desc desc = {
        .size = size_of_object(in),
        .align = in->alignment,
        .domains = (uint32_t)in->domains,
        .create_flags = (in->domain_flags & ~(uint64_t)AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED) |
                        AMDGPU_GEM_CREATE_VRAM_CLEARED | AMDGPU_GEM_CREATE_VRAM_WIPE_ON_RELEASE |
                        (on_chip ? AMDGPU_GEM_CREATE_NO_CPU_ACCESS : 0),
        .backing = on_chip ? MEM_BACKING_NONE : MEM_BACKING_POOL,
    };
    rw_status s = create_in(fpriv, &desc, label_of_domains(in->domains), out_bo);

    if (!rw_ok(s) && desc.domains == MEM_DOMAIN_VRAM) {
        desc.domains |= MEM_DOMAIN_GTT;
        s = create_in(fpriv, &desc, label_of_domains(in->domains), out_bo);
    }
    return s;
}

rw_status drm_ioctl_gem_create(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    union drm_amdgpu_gem_create *args = argument;
    struct mem_bo *bo;
    uint32_t handle;
    rw_status s;

    RW_TRY(check_create(fpriv, &args->in));
    RW_TRY(create_object(fpriv, &args->in, &bo));
    if (args->in.domain_flags & AMDGPU_GEM_CREATE_VM_ALWAYS_VALID)
        gpu_vm_adopt_bo(drm_file_vm(fpriv->file), bo);
    s = drm_file_handle_create(fpriv->file, bo, &handle);
    mem_bo_put(bo); /* the handle holds it now */
    RW_TRY(s);
    memset(args, 0, sizeof *args);
    args->out.handle = handle;
    return RW_OK;
}

/* ---- GEM_USERPTR ---- */

#define USERPTR_FLAGS                                                                              \
    (AMDGPU_GEM_USERPTR_READONLY | AMDGPU_GEM_USERPTR_ANONONLY | AMDGPU_GEM_USERPTR_VALIDATE |     \
     AMDGPU_GEM_USERPTR_REGISTER)

static rw_status check_userptr(const struct drm_amdgpu_gem_userptr *args)
{
    if ((args->addr | args->size) & PAGE_MASK)
        return RW_FAIL(EINVAL, "userptr 0x%llx, 0x%llx bytes: not whole pages",
                       (unsigned long long)args->addr, (unsigned long long)args->size);
    if (args->flags & ~(uint32_t)USERPTR_FLAGS)
        return RW_FAIL(EINVAL, "unknown userptr flags 0x%x", args->flags);
    if (!(args->flags & (AMDGPU_GEM_USERPTR_READONLY | AMDGPU_GEM_USERPTR_REGISTER)))
        return RW_FAIL(EACCES, "writable userptr needs AMDGPU_GEM_USERPTR_REGISTER");
    return RW_OK;
}

/* Looks at every page once, as pinning it would. */
static rw_status pages_check(uint64_t address, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += PAGE_MASK + 1) {
        uint8_t byte;

        if (!rw_ok(front_copy_in(&byte, address + at, 1)))
            return RW_FAIL(EFAULT, "userptr: page 0x%llx is not accessible",
                           (unsigned long long)(address + at));
    }
    return RW_OK;
}

rw_status drm_ioctl_gem_userptr(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    struct drm_amdgpu_gem_userptr *args = argument;
    struct mem_bo_desc desc = {
        .size = args->size,
        .domains = MEM_DOMAIN_GTT,
        .create_flags = AMDGPU_GEM_CREATE_VRAM_WIPE_ON_RELEASE,
        .backing = MEM_BACKING_USERPTR,
        .user_address = args->addr,
    };
    struct mem_bo *bo;
    uint32_t handle;
    rw_status s;

    RW_TRY(check_userptr(args));
    if (remote_is_serving())
        return front_lacks(RW_AREA_drm, EFAULT,
                           "GEM_USERPTR: the GPUs of softgpu reach the memory of the process that "
                           "opened the device, and no other's");
    RW_TRY(mem_bo_create(fpriv->device->heaps, &desc, "gem userptr", &bo));
    bo->user_readonly = args->flags & AMDGPU_GEM_USERPTR_READONLY;
    s = args->flags & AMDGPU_GEM_USERPTR_VALIDATE ? pages_check(args->addr, args->size) : RW_OK;
    if (rw_ok(s))
        s = drm_file_handle_create(fpriv->file, bo, &handle);
    mem_bo_put(bo);
    RW_TRY(s);
    args->handle = handle;
    return RW_OK;
}
