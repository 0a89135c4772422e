/* SPDX-License-Identifier: MIT
 *
 * Ioctls that ask about, or set something of, one GPU: version, clocks, apertures, tiling, memory
 * policy, scratch, trap handler, available memory. And what a GPU has once: its command processor
 * and its page of registers.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "softgpu/cp/cp.h"
#include "softgpu/front/kfd/kfd_memory.h"
#include "softgpu/front/kfd/kfd_table.h"
#include "softgpu/front/kfd/kfd_vm.h"
#include "softgpu/front/nodes.h"

/* amdgpu's mode tables, which GFX9 and later leave empty but still report. */
#define TILE_MODES       32u
#define MACRO_TILE_MODES 16u

/* ---- what a GPU has once ---- */

static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;

rw_status soft_device_cp(struct soft_device *device, struct cp_device **out_cp)
{
    const struct soft_machine *machine = soft_machine();
    struct cp_device *made = NULL;
    rw_status status = RW_OK;

    pthread_mutex_lock(&devices_lock);
    if (!device->cp) {
        status = cp_device_create(device, machine ? machine->threads : 1, &made);
        device->cp = made;
    }
    *out_cp = device->cp;
    pthread_mutex_unlock(&devices_lock);
    return status;
}

static struct mmio_page {
    uint8_t *host; /* NULL until first asked for; kept for good */
    int fd;
} mmio_pages[SOFT_MAX_DEVICES];

static rw_status mmio_page_make(struct mmio_page *out_page)
{
    int fd = private_fd_move(memfd_create("mmio-remap", MFD_CLOEXEC));
    void *host = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, GPU_PAGE_SIZE) == 0)
        host = mmap(NULL, GPU_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (host == MAP_FAILED) {
        if (fd >= 0)
            close(fd);
        return RW_FAIL(ENOMEM, "no page for the remapped registers: %s", strerror(errno));
    }
    *out_page = (struct mmio_page){.host = host, .fd = fd};
    return RW_OK;
}

rw_status kfd_mmio_page(const struct soft_device *device, uint8_t **out_page, int *out_fd)
{
    struct mmio_page *page = &mmio_pages[device->index];
    rw_status status = RW_OK;

    pthread_mutex_lock(&devices_lock);
    if (!page->host)
        status = mmio_page_make(page);
    *out_page = page->host;
    *out_fd = page->fd;
    pthread_mutex_unlock(&devices_lock);
    return status;
}

void kfd_devices_after_fork(void)
{
    pthread_mutex_init(&devices_lock, NULL);
}

/* ---- version, clocks ---- */

rw_status kfd_ioctl_get_version(void *context, void *argument)
{
    const struct kfd_call *call = context;
    struct kfd_ioctl_get_version_args *args = argument;

    args->major_version = KFD_IOCTL_MAJOR_VERSION;
    args->minor_version = kfd_kernel(call->process)->kfd_minor;
    return RW_OK;
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

rw_status kfd_ioctl_get_clock_counters(void *context, void *argument)
{
    const struct kfd_call *call = context;
    struct kfd_ioctl_get_clock_counters_args *args = argument;
    const struct kfd_pdd *pdd = kfd_pdd_find(call->process, args->gpu_id);

    args->gpu_clock_counter = pdd ? soft_device_clock(pdd->device) : 0;
    args->cpu_clock_counter = clock_ns(CLOCK_MONOTONIC_RAW);
    args->system_clock_counter = clock_ns(CLOCK_BOOTTIME);
    args->system_clock_freq = 1000000000;
    return RW_OK;
}

/* ---- apertures ---- */

static struct kfd_process_device_apertures apertures_of(const struct kfd_pdd *pdd)
{
    return (struct kfd_process_device_apertures){
        .lds_base = pdd->lds.base,
        .lds_limit = pdd->lds.limit,
        .scratch_base = pdd->scratch.base,
        .scratch_limit = pdd->scratch.limit,
        .gpuvm_base = pdd->gpuvm.base,
        .gpuvm_limit = pdd->gpuvm.limit,
        .gpu_id = pdd->device->gpu_id,
    };
}

rw_status kfd_ioctl_get_process_apertures(void *context, void *argument)
{
    const struct kfd_process *process = ((struct kfd_call *)context)->process;
    struct kfd_ioctl_get_process_apertures_args *args = argument;

    args->num_of_nodes = 0;
    while (args->num_of_nodes < process->pdd_count && args->num_of_nodes < NUM_OF_SUPPORTED_GPUS) {
        args->process_apertures[args->num_of_nodes] =
            apertures_of(&process->pdds[args->num_of_nodes]);
        args->num_of_nodes++;
    }
    return RW_OK;
}

/* All nodes of the topology count, CPUs included. */
static uint32_t topology_nodes(const struct soft_machine *machine)
{
    return machine->devices[machine->device_count - 1].kfd_node + 1;
}

rw_status kfd_ioctl_get_process_apertures_new(void *context, void *argument)
{
    const struct kfd_process *process = ((struct kfd_call *)context)->process;
    struct kfd_ioctl_get_process_apertures_new_args *args = argument;
    struct kfd_process_device_apertures apertures[SOFT_MAX_DEVICES];
    uint32_t count = process->pdd_count;

    if (!args->num_of_nodes) {
        args->num_of_nodes = count;
        return RW_OK;
    }
    if (args->num_of_nodes > topology_nodes(process->machine))
        return RW_FAIL(EINVAL, "room for %u nodes; there are %u", args->num_of_nodes,
                       topology_nodes(process->machine));
    if (count > args->num_of_nodes)
        count = args->num_of_nodes;
    for (uint32_t i = 0; i < count; i++)
        apertures[i] = apertures_of(&process->pdds[i]);
    args->num_of_nodes = count;
    return front_copy_out(args->kfd_process_device_apertures_ptr, apertures,
                          count * sizeof apertures[0]);
}

/* ---- settings of a GPU's VM ---- */

static bool cache_policy_is_known(uint32_t policy)
{
    return policy == KFD_IOC_CACHE_POLICY_COHERENT || policy == KFD_IOC_CACHE_POLICY_NONCOHERENT;
}

/* Finds the GPU and checks that it has a VM, whose absence gives `unbound`. */
static rw_status find_bound(struct kfd_process *process, const char *operation, uint32_t gpu_id,
                            int unbound, struct kfd_pdd **out_pdd)
{
    struct kfd_pdd *pdd = kfd_pdd_find(process, gpu_id);

    if (!pdd)
        return kfd_unknown_gpu(operation, gpu_id);
    if (!rw_ok(kfd_pdd_bind(pdd)))
        return RW_FAIL(unbound, "%s: GPU %#x has no VM yet; ACQUIRE_VM comes first", operation,
                       gpu_id);
    *out_pdd = pdd;
    return RW_OK;
}

/* GFX10 has one policy: every access is coherent where its page says so, and there is no
 * alternate aperture (set_cache_memory_policy_v10). So the arguments are checked and that is all.
 */
rw_status kfd_ioctl_set_memory_policy(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    const struct kfd_ioctl_set_memory_policy_args *args = argument;
    struct kfd_pdd *pdd;

    if (!cache_policy_is_known(args->default_policy) ||
        !cache_policy_is_known(args->alternate_policy))
        return RW_FAIL(EINVAL, "cache policies %u and %u", args->default_policy,
                       args->alternate_policy);
    pthread_mutex_lock(&process->mutex);
    rw_status status = find_bound(process, "SET_MEMORY_POLICY", args->gpu_id, ESRCH, &pdd);
    pthread_mutex_unlock(&process->mutex);
    return status;
}

rw_status kfd_ioctl_set_scratch_backing_va(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    const struct kfd_ioctl_set_scratch_backing_va_args *args = argument;
    struct kfd_pdd *pdd = NULL;

    pthread_mutex_lock(&process->mutex);
    rw_status status = find_bound(process, "SET_SCRATCH_BACKING_VA", args->gpu_id, ENODEV, &pdd);
    if (rw_ok(status))
        pdd->scratch_backing_va = args->va_addr;
    pthread_mutex_unlock(&process->mutex);
    return status;
}

rw_status kfd_ioctl_set_trap_handler(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    const struct kfd_ioctl_set_trap_handler_args *args = argument;
    struct kfd_pdd *pdd = NULL;

    pthread_mutex_lock(&process->mutex);
    rw_status status = find_bound(process, "SET_TRAP_HANDLER", args->gpu_id, ESRCH, &pdd);
    if (rw_ok(status))
        kfd_pdd_set_trap_handler(pdd, gpu_va_make(args->tba_addr), gpu_va_make(args->tma_addr));
    pthread_mutex_unlock(&process->mutex);
    return status;
}

/* ---- GET_TILE_CONFIG, AVAILABLE_MEMORY ---- */

static rw_status copy_out_modes(uint64_t user_array, uint32_t most, uint32_t *count)
{
    static const uint32_t none[TILE_MODES];
    rw_status status;

    if (*count > most)
        *count = most;
    status = front_copy_out(user_array, none, *count * sizeof none[0]);
    if (!rw_ok(status))
        *count = 0;
    return status;
}

rw_status kfd_ioctl_get_tile_config(void *context, void *argument)
{
    struct kfd_ioctl_get_tile_config_args *args = argument;
    const struct kfd_pdd *pdd = kfd_pdd_find(((struct kfd_call *)context)->process, args->gpu_id);

    if (!pdd)
        return kfd_unknown_gpu("GET_TILE_CONFIG", args->gpu_id);
    args->gb_addr_config = pdd->device->profile->gb_addr_config;
    args->num_banks = 0; /* not set from GFX9 on */
    args->num_ranks = 0;
    RW_TRY(copy_out_modes(args->tile_config_ptr, TILE_MODES, &args->num_tile_configs));
    return copy_out_modes(args->macro_tile_config_ptr, MACRO_TILE_MODES,
                          &args->num_macro_tile_configs);
}

rw_status kfd_ioctl_available_memory(void *context, void *argument)
{
    struct kfd_ioctl_get_available_memory_args *args = argument;
    const struct kfd_pdd *pdd = kfd_pdd_find(((struct kfd_call *)context)->process, args->gpu_id);

    if (!pdd)
        return kfd_unknown_gpu("AVAILABLE_MEMORY", args->gpu_id);
    args->available = kfd_limit_available(pdd->device);
    return RW_OK;
}
