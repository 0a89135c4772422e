/* SPDX-License-Identifier: MIT
 *
 * Import without a second mapping: hsa_amd_interop_map_buffer() on the DMABuf of a buffer that is
 * mapped in the shared VM answers with the address that it has. hipImportExternalMemory() and
 * OpenCL's sharing with OpenGL end here. Everything else goes on to the HSA runtime.
 *
 * What is handed out is counted by address, so that unmapping finds out whose it is. The mapping
 * stays graphics': it ends when graphics unmaps the buffer, where an import of its own would have
 * kept it. That is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uthash.h>

#include <linux/kfd_ioctl.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "runtime/agent.h"
#include "runtime/plugin/hooks.h"
#include "runtime/shim.h"

/* The kernel keeps at most 256 bytes for a buffer (amdgpu_bo_set_metadata). */
enum { METADATA_BYTES = 256 };

struct grant {
    void *address;
    uint64_t size;
    unsigned count;
    size_t metadata_size;
    char metadata[METADATA_BYTES];
    UT_hash_handle hh;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct grant *grants;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int kfd = -1;

/* ---- what graphics does meanwhile ---- */

static void on_event(void *context, const struct kmt_shim_event *event)
{
    struct grant *grant, *next;

    (void)context;
    if (event->kind != KMT_SHIM_EVENT_UNMAPPED || !event->range)
        return;
    pthread_mutex_lock(&lock);
    HASH_ITER(hh, grants, grant, next)
    {
        if ((uintptr_t)grant->address - event->range->start < event->range->size)
            rw_warn(runtime,
                    "graphics has unmapped %p (%llu bytes), which compute has imported and not let "
                    "go of; ROCWELD_INTEROP=mapped gives imports mappings of their own",
                    grant->address, (unsigned long long)grant->size);
    }
    pthread_mutex_unlock(&lock);
}

static void begin(void)
{
    int subscription;

    SHIM_CALL(subscribe, on_event, NULL, &subscription);
    kfd = private_fd_move(open("/dev/kfd", O_RDWR | O_CLOEXEC));
}

/* ---- the address that a buffer has ---- */

/* All of it, to read and write, at one address for all agents. */
static bool find_mapping(uint32_t agent_count, const hsa_agent_t *agents, int dmabuf_fd,
                         struct kmt_shim_range *out_range)
{
    const uint32_t rights = KMT_SHIM_BO_READ | KMT_SHIM_BO_WRITE;
    struct kmt_shim_range range;
    struct topology_gpu gpu;

    for (uint32_t i = 0; i < agent_count; i++) {
        if (!rw_ok(agent_gpu_find(agents[i], &gpu)) ||
            SHIM_CALL(lookup_dmabuf, gpu.render_minor, dmabuf_fd, &range) != 0)
            return false;
        if (range.bo_offset != 0 || range.size < range.bo_size || (range.flags & rights) != rights)
            return false;
        if (i > 0 && range.start != out_range->start)
            return false;
        *out_range = range;
    }
    return agent_count > 0;
}

static rw_status read_metadata(int dmabuf_fd, struct grant *grant)
{
    struct kfd_ioctl_get_dmabuf_info_args args = {
        .metadata_ptr = (uintptr_t)grant->metadata,
        .metadata_size = sizeof grant->metadata,
        .dmabuf_fd = (uint32_t)dmabuf_fd,
    };

    if (ioctl(kfd, AMDKFD_IOC_GET_DMABUF_INFO, &args) != 0)
        return RW_FAIL(errno, "GET_DMABUF_INFO: %s", strerror(errno));
    grant->metadata_size = args.metadata_size;
    return RW_OK;
}

static rw_status grant_create(int dmabuf_fd, const struct kmt_shim_range *range,
                              struct grant **out_grant)
{
    struct grant *grant = calloc(1, sizeof *grant);
    rw_status status;

    if (!grant)
        return RW_FAIL(ENOMEM, "no memory to keep an import");
    grant->address = (void *)(uintptr_t)range->start;
    grant->size = range->bo_size;
    status = read_metadata(dmabuf_fd, grant);
    if (!rw_ok(status)) {
        free(grant);
        return status;
    }
    *out_grant = grant;
    return RW_OK;
}

/* Counts one more import. Takes over `fresh`, which is what the address has if it is the first. */
static const struct grant *grant_count(struct grant *fresh)
{
    struct grant *grant;

    pthread_mutex_lock(&lock);
    HASH_FIND_PTR(grants, &fresh->address, grant);
    if (!grant) {
        grant = fresh;
        fresh = NULL;
        HASH_ADD_PTR(grants, address, grant);
    }
    grant->count++;
    pthread_mutex_unlock(&lock);
    free(fresh);
    return grant; /* stays until the caller's program unmaps it */
}

/* Queues find the buffer at its address only as long as the kernel keeps it in place. */
static rw_status share_mapping(uint32_t agent_count, const hsa_agent_t *agents, int dmabuf_fd,
                               const struct grant **out_grant)
{
    struct kmt_shim_range range;
    struct grant *fresh = NULL;
    int result;

    if (!find_mapping(agent_count, agents, dmabuf_fd, &range))
        return rw_status_quiet(ENOENT);
    result = SHIM_CALL(bo_make_resident, range.handle);
    if (result != 0)
        return RW_FAIL(-result, "the buffer at 0x%llx cannot be made resident: %s",
                       (unsigned long long)range.start, strerror(-result));
    RW_TRY(grant_create(dmabuf_fd, &range, &fresh));
    *out_grant = grant_count(fresh);
    return RW_OK;
}

/* ---- the hooks ---- */

hsa_status_t interop_map(uint32_t agent_count, hsa_agent_t *agents, int dmabuf_fd, uint32_t flags,
                         size_t *out_size, void **out_address, size_t *out_metadata_size,
                         const void **out_metadata)
{
    const struct grant *grant = NULL;
    rw_status status = rw_status_quiet(EINVAL);

    pthread_once(&once, begin);
    if (agents && out_size && out_address && flags == 0)
        status = share_mapping(agent_count, agents, dmabuf_fd, &grant);
    if (!rw_ok(status)) {
        if (status.err != ENOENT && status.err != EINVAL)
            rw_info(runtime, "an import is mapped a second time: %s",
                    rw_status_message(status, NULL));
        return runtime_own.interop_map(agent_count, agents, dmabuf_fd, flags, out_size, out_address,
                                       out_metadata_size, out_metadata);
    }
    *out_size = grant->size;
    *out_address = grant->address;
    if (out_metadata_size)
        *out_metadata_size = grant->metadata_size;
    if (out_metadata)
        *out_metadata = grant->metadata;
    return HSA_STATUS_SUCCESS;
}

hsa_status_t interop_unmap(void *address)
{
    struct grant *grant;
    bool ours;

    pthread_mutex_lock(&lock);
    HASH_FIND_PTR(grants, &address, grant);
    ours = grant != NULL;
    if (ours && --grant->count == 0) {
        HASH_DEL(grants, grant);
        free(grant);
    }
    pthread_mutex_unlock(&lock);
    return ours ? HSA_STATUS_SUCCESS : runtime_own.interop_unmap(address);
}
