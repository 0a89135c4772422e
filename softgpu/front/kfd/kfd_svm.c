/* SPDX-License-Identifier: MIT
 *
 * SVM: SET_ATTR and GET_ATTR, and the ranges behind them. See kfd_svm.h for what the model does
 * not do (XNACK, migration).
 */
#include "softgpu/front/kfd/kfd_svm.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "softgpu/front/kfd/kfd_host_memory.h"
#include "softgpu/front/kfd/kfd_host_watch.h"
#include "softgpu/front/kfd/kfd_process.h"
#include "softgpu/front/kfd/kfd_table.h"
#include "softgpu/front/kfd/kfd_vm.h"

#define PAGE_MASK           ((uint64_t)GPU_PAGE_SIZE - 1)

#define CAPABILITY_SVM      0x08000000u /* HSA_CAP_SVMAPI_SUPPORTED */

#define DEFAULT_FLAGS       (KFD_IOCTL_SVM_FLAG_HOST_ACCESS | KFD_IOCTL_SVM_FLAG_COHERENT)
#define DEFAULT_GRANULARITY 9u
#define GRANULARITY_MAX     0x3fu
#define ALWAYS_MAPPED       0x40u /* KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED, KFD 1.11 */

/* Everything that SET_ATTR sets. */
struct svm_attributes {
    uint32_t preferred_location, prefetch_location; /* gpu_id, 0 = system, ~0 = undefined */
    uint32_t flags;                                 /* KFD_IOCTL_SVM_FLAG_* */
    uint32_t granularity;                           /* log2 of pages */
    uint32_t access, access_in_place;               /* a bit per pdd */
};

struct svm_range {
    struct range_node node; /* in bytes; address = GPU VA */
    struct svm_attributes attributes;
    unsigned queues;                                /* that have their save area in it */
    struct gpu_vm_shared *shared[SOFT_MAX_DEVICES]; /* owned; NULL = not in that GPU's VM */
};

static const struct svm_attributes default_attributes = {
    .preferred_location = KFD_IOCTL_SVM_LOCATION_UNDEFINED,
    .prefetch_location = KFD_IOCTL_SVM_LOCATION_UNDEFINED,
    .flags = DEFAULT_FLAGS,
    .granularity = DEFAULT_GRANULARITY,
};

static struct svm_range *range_of(struct range_node *node)
{
    return node ? range_map_entry(node, struct svm_range, node) : NULL;
}

static struct svm_range *first_in(const struct kfd_svm *svm, uint64_t start, uint64_t last)
{
    return range_of(range_map_first_in(&svm->ranges, start, last));
}

static uint64_t range_size(const struct svm_range *range)
{
    return range->node.last - range->node.start + 1;
}

/* ---- ranges in the VMs ---- */

static unsigned rights_of(const struct svm_attributes *attributes)
{
    unsigned rights = ISA_ACCESS_READ;

    if (!(attributes->flags & KFD_IOCTL_SVM_FLAG_GPU_RO))
        rights |= ISA_ACCESS_WRITE;
    if (attributes->flags & KFD_IOCTL_SVM_FLAG_GPU_EXEC)
        rights |= ISA_ACCESS_EXECUTE;
    return rights;
}

/* Puts the range into the VMs of the GPUs in `gpus`, with its present rights; what it had there
 * is replaced without a gap in which the GPU would fault. */
static rw_status range_share(struct kfd_process *process, struct svm_range *range, uint32_t gpus)
{
    for (unsigned i = 0; i < process->pdd_count; i++) {
        struct gpu_vm_shared *old = range->shared[i];
        struct gpu_vm *vm = kfd_pdd_vm(&process->pdds[i]);

        if (!(gpus >> i & 1))
            continue;
        if (!vm)
            return RW_FAIL(EINVAL, "SVM for GPU %#x, which has no VM yet",
                           process->pdds[i].device->gpu_id);
        RW_TRY(gpu_vm_share(vm, range->node.start, range_size(range), rights_of(&range->attributes),
                            &range->shared[i]));
        if (old)
            gpu_vm_unshare(vm, old, true);
    }
    return RW_OK;
}

static uint32_t gpus_with_pages(const struct svm_range *range)
{
    uint32_t gpus = 0;

    for (unsigned i = 0; i < SOFT_MAX_DEVICES; i++)
        gpus |= range->shared[i] ? 1u << i : 0;
    return gpus;
}

static void range_destroy(struct kfd_process *process, struct svm_range *range)
{
    for (unsigned i = 0; i < process->pdd_count; i++)
        if (range->shared[i])
            gpu_vm_unshare(kfd_pdd_vm(&process->pdds[i]), range->shared[i], false);
    range_map_remove(&process->svm.ranges, &range->node);
    free(range);
}

/* Cuts a range in two at `at`, inside it. */
static rw_status range_split(struct kfd_process *process, struct svm_range *range, uint64_t at)
{
    struct svm_range *tail = calloc(1, sizeof *tail);
    struct gpu_vm_shared *whole[SOFT_MAX_DEVICES];
    uint32_t gpus = gpus_with_pages(range);
    rw_status status;

    if (!tail)
        return RW_FAIL(ENOMEM, "no memory for an SVM range");
    tail->attributes = range->attributes;
    tail->queues = range->queues;
    range_map_split(&process->svm.ranges, &range->node, at, &tail->node);
    for (unsigned i = 0; i < SOFT_MAX_DEVICES; i++) {
        whole[i] = range->shared[i];
        range->shared[i] = NULL;
    }
    status = range_share(process, range, gpus);
    if (rw_ok(status))
        status = range_share(process, tail, gpus);
    for (unsigned i = 0; i < process->pdd_count; i++)
        if (whole[i])
            gpu_vm_unshare(kfd_pdd_vm(&process->pdds[i]), whole[i],
                           range->shared[i] && tail->shared[i]);
    return status;
}

/* ---- life ---- */

void kfd_svm_init(struct kfd_svm *svm)
{
    range_map_init(&svm->ranges);
}

void kfd_svm_finish(struct kfd_process *process)
{
    struct svm_range *range;

    while ((range = range_of(range_map_first(&process->svm.ranges))))
        range_destroy(process, range);
    kfd_host_watch_destroy(process->svm.watch);
    process->svm.watch = NULL;
}

/* ---- ranges whose memory the program has unmapped ---- */

static void watch_range(struct kfd_svm *svm, uint64_t start, uint64_t size)
{
    if (!svm->watch && !svm->watch_tried) {
        svm->watch_tried = true;
        if (!rw_ok(kfd_host_watch_create(&svm->watch)))
            rw_info(kfd, "no userfaultfd: SVM ranges outlive their memory until its addresses are "
                         "used again");
    }
    if (svm->watch && !kfd_host_watch_add(svm->watch, start, size))
        rw_debug(kfd, "SVM memory at %#llx is of a kind that cannot be watched",
                 (unsigned long long)start);
}

/* Cuts a range in two at `address` if it lies inside one. */
static rw_status cut_at(struct kfd_process *process, uint64_t address)
{
    struct svm_range *range = range_of(range_map_find(&process->svm.ranges, address));

    if (!range || range->node.start == address)
        return RW_OK;
    return range_split(process, range, address);
}

static void forget(struct kfd_process *process, uint64_t start, uint64_t end)
{
    struct svm_range *range;

    if (!first_in(&process->svm, start, end - 1))
        return;
    if (!rw_ok(cut_at(process, start)) || !rw_ok(cut_at(process, end)))
        rw_error(kfd, "no memory to cut an SVM range; its rest goes with what was unmapped");
    while ((range = first_in(&process->svm, start, end - 1)))
        range_destroy(process, range);
}

/* Where unmapping is not reported, memory that the program itself cannot read is gone. */
static void forget_unreadable(struct kfd_process *process, uint64_t start, uint64_t last)
{
    struct svm_range *range;
    char byte;

    while ((range = first_in(&process->svm, start, last))) {
        uint64_t from = range->node.start > start ? range->node.start : start;

        if (rw_ok(front_copy_in(&byte, from, 1)))
            return;
        range_destroy(process, range);
    }
}

/* Brings the ranges up to date with the program's address space. */
static void forget_unmapped(struct kfd_process *process)
{
    uint64_t start, end;

    while (process->svm.watch && kfd_host_watch_take(process->svm.watch, &start, &end))
        forget(process, start, end);
}

bool kfd_svm_overlaps(struct kfd_process *process, uint64_t start, uint64_t size)
{
    forget_unmapped(process);
    if (!process->svm.watch)
        forget_unreadable(process, start, start + (size - 1));
    return first_in(&process->svm, start, start + (size - 1)) != NULL;
}

/* ---- save areas of queues ---- */

static bool range_serves_queues(const struct svm_range *range, const struct kfd_pdd *pdd)
{
    const struct svm_attributes *a = &range->attributes;

    return range->shared[pdd->index] && (a->flags & ALWAYS_MAPPED) &&
           ((a->access | a->access_in_place) >> pdd->index & 1);
}

rw_status kfd_svm_queue_buffer_get(struct kfd_pdd *pdd, uint64_t start, uint64_t size)
{
    struct kfd_svm *svm = &pdd->process->svm;
    uint64_t last = start + (size - 1);
    struct svm_range *range;

    forget_unmapped(pdd->process);
    for (uint64_t at = start; at <= last; at = range->node.last + 1) {
        range = range_of(range_map_find(&svm->ranges, at));
        if (!range || !range_serves_queues(range, pdd))
            return RW_FAIL(
                EINVAL,
                "the context save area %#llx + %#llx is neither one mapping nor SVM that "
                "GPU %#x always has mapped",
                (unsigned long long)start, (unsigned long long)size, pdd->device->gpu_id);
    }
    for (uint64_t at = start; at <= last; at = range->node.last + 1) {
        range = range_of(range_map_find(&svm->ranges, at));
        range->queues++;
    }
    return RW_OK;
}

void kfd_svm_queue_buffer_put(struct kfd_pdd *pdd, uint64_t start, uint64_t size)
{
    struct kfd_svm *svm = &pdd->process->svm;
    uint64_t last = start + (size - 1);

    for (struct svm_range *range = first_in(svm, start, last); range && range->node.start <= last;
         range = range_of(range_map_next(&range->node)))
        if (range->queues)
            range->queues--;
}

/* ---- checks ---- */

static int pdd_index(struct kfd_process *process, uint32_t gpu_id)
{
    const struct kfd_pdd *pdd = kfd_pdd_find(process, gpu_id);

    return pdd ? (int)pdd->index : -1;
}

static bool gpu_supports_svm(struct kfd_process *process, uint32_t gpu_id)
{
    const struct kfd_pdd *pdd = kfd_pdd_find(process, gpu_id);

    return pdd && (pdd->device->profile->capability & CAPABILITY_SVM);
}

static bool value_is_valid(struct kfd_process *process,
                           const struct kfd_ioctl_svm_attribute *attribute)
{
    uint32_t value = attribute->value;

    switch (attribute->type) {
    case KFD_IOCTL_SVM_ATTR_PREFERRED_LOC:
        return value == KFD_IOCTL_SVM_LOCATION_SYSMEM ||
               value == KFD_IOCTL_SVM_LOCATION_UNDEFINED || gpu_supports_svm(process, value);
    case KFD_IOCTL_SVM_ATTR_PREFETCH_LOC:
        return value == KFD_IOCTL_SVM_LOCATION_SYSMEM || gpu_supports_svm(process, value);
    case KFD_IOCTL_SVM_ATTR_ACCESS:
    case KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE:
    case KFD_IOCTL_SVM_ATTR_NO_ACCESS:
        return gpu_supports_svm(process, value);
    case KFD_IOCTL_SVM_ATTR_SET_FLAGS:
    case KFD_IOCTL_SVM_ATTR_CLR_FLAGS:
    case KFD_IOCTL_SVM_ATTR_GRANULARITY:
        return true;
    default:
        return false;
    }
}

static rw_status check_attributes(struct kfd_process *process,
                                  const struct kfd_ioctl_svm_args *args)
{
    for (uint32_t i = 0; i < args->nattr; i++)
        if (!value_is_valid(process, &args->attrs[i]))
            return RW_FAIL(EINVAL, "SVM attribute %u with value %#x", args->attrs[i].type,
                           args->attrs[i].value);
    return RW_OK;
}

static rw_status check_range(struct kfd_process *process, uint64_t start, uint64_t size)
{
    uint64_t end;

    if (__builtin_add_overflow(start, size, &end))
        return RW_FAIL(EOVERFLOW, "%#llx + %#llx wraps around", (unsigned long long)start,
                       (unsigned long long)size);
    RW_TRY(kfd_host_memory_check(start, size, false));
    for (unsigned i = 0; i < process->pdd_count; i++) {
        struct gpu_vm *vm = kfd_pdd_vm(&process->pdds[i]);

        if (vm && !gpu_vm_range_is_free(vm, gpu_va_make(start), size))
            return RW_FAIL(EADDRINUSE, "%#llx + %#llx: GPU %#x has a buffer mapped there",
                           (unsigned long long)start, (unsigned long long)size,
                           process->pdds[i].device->gpu_id);
    }
    return RW_OK;
}

/* ---- SET_ATTR ---- */

static void apply_access(struct kfd_process *process, struct svm_attributes *a, uint32_t type,
                         uint32_t gpu_id)
{
    uint32_t bit = 1u << pdd_index(process, gpu_id);

    a->access &= ~bit;
    a->access_in_place &= ~bit;
    if (type == KFD_IOCTL_SVM_ATTR_ACCESS)
        a->access |= bit;
    else if (type == KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE)
        a->access_in_place |= bit;
}

static void apply_attributes(struct kfd_process *process, struct svm_attributes *a,
                             const struct kfd_ioctl_svm_args *args)
{
    for (uint32_t i = 0; i < args->nattr; i++) {
        uint32_t type = args->attrs[i].type, value = args->attrs[i].value;

        switch (type) {
        case KFD_IOCTL_SVM_ATTR_PREFERRED_LOC:
            a->preferred_location = value;
            break;
        case KFD_IOCTL_SVM_ATTR_PREFETCH_LOC:
            a->prefetch_location = value;
            break;
        case KFD_IOCTL_SVM_ATTR_SET_FLAGS:
            a->flags |= value;
            break;
        case KFD_IOCTL_SVM_ATTR_CLR_FLAGS:
            a->flags &= ~value;
            break;
        case KFD_IOCTL_SVM_ATTR_GRANULARITY:
            a->granularity = value < GRANULARITY_MAX ? value : GRANULARITY_MAX;
            break;
        default:
            apply_access(process, a, type, value);
        }
    }
}

/* New attributes for one whole range. A GPU that loses access keeps its pages, as in the kernel. */
static rw_status range_set(struct kfd_process *process, struct svm_range *range,
                           const struct kfd_ioctl_svm_args *args)
{
    unsigned old_rights = rights_of(&range->attributes);
    uint32_t had = gpus_with_pages(range), want;

    apply_attributes(process, &range->attributes, args);
    want = range->attributes.access | range->attributes.access_in_place;
    if (rights_of(&range->attributes) != old_rights)
        return range_share(process, range, want | had);
    return range_share(process, range, want & ~had);
}

static rw_status range_create(struct kfd_process *process, uint64_t start, uint64_t last)
{
    struct svm_range *range = calloc(1, sizeof *range);

    if (!range)
        return RW_FAIL(ENOMEM, "no memory for an SVM range");
    range->attributes = default_attributes;
    range_map_insert(&process->svm.ranges, &range->node, start, last);
    return RW_OK;
}

/* Would setting the attributes change nothing? Then the range need not be cut. A prefetch always
 * does something. */
static bool range_has_attributes(struct kfd_process *process, const struct svm_range *range,
                                 const struct kfd_ioctl_svm_args *args)
{
    struct svm_attributes after = range->attributes;

    for (uint32_t i = 0; i < args->nattr; i++)
        if (args->attrs[i].type == KFD_IOCTL_SVM_ATTR_PREFETCH_LOC)
            return false;
    apply_attributes(process, &after, args);
    return after.preferred_location == range->attributes.preferred_location &&
           after.flags == range->attributes.flags &&
           after.granularity == range->attributes.granularity &&
           after.access == range->attributes.access &&
           after.access_in_place == range->attributes.access_in_place;
}

/* Cuts at the borders of [start, last] what reaches beyond them and will change. */
static rw_status cut_borders(struct kfd_process *process, uint64_t start, uint64_t last,
                             const struct kfd_ioctl_svm_args *args)
{
    struct svm_range *range = range_of(range_map_find(&process->svm.ranges, start));

    if (range && range->node.start < start && !range_has_attributes(process, range, args))
        RW_TRY(range_split(process, range, start));
    range = range_of(range_map_find(&process->svm.ranges, last));
    if (range && range->node.last > last && !range_has_attributes(process, range, args))
        RW_TRY(range_split(process, range, last + 1));
    return RW_OK;
}

static rw_status fill_gaps(struct kfd_process *process, uint64_t start, uint64_t last)
{
    for (uint64_t at = start; at <= last;) {
        const struct svm_range *next = first_in(&process->svm, at, last);
        uint64_t gap_last = next ? next->node.start - 1 : last;

        if (!next || next->node.start > at)
            RW_TRY(range_create(process, at, gap_last));
        at = next ? next->node.last + 1 : last + 1;
    }
    return RW_OK;
}

static rw_status set_attributes(struct kfd_process *process, const struct kfd_ioctl_svm_args *args)
{
    uint64_t start = args->start_addr, last = start + (args->size - 1);
    struct svm_range *range;

    RW_TRY(check_attributes(process, args));
    if (!process->vm_info)
        return RW_FAIL(EINVAL, "SVM before any GPU has a VM; ACQUIRE_VM comes first");
    RW_TRY(check_range(process, start, args->size));
    watch_range(&process->svm, start, args->size);
    RW_TRY(cut_borders(process, start, last, args));
    RW_TRY(fill_gaps(process, start, last));
    for (range = first_in(&process->svm, start, last); range && range->node.start <= last;
         range = range_of(range_map_next(&range->node)))
        if (range->node.start >= start && range->node.last <= last)
            RW_TRY(range_set(process, range, args));
    return RW_OK;
}

/* ---- GET_ATTR ---- */

/* What holds for all of several ranges. */
struct svm_summary {
    struct svm_attributes common; /* flags: set in all */
    uint32_t flags_any;
    bool first;
};

static void summary_add_location(uint32_t *common, uint32_t location, bool first)
{
    if (first)
        *common = location;
    else if (*common != location)
        *common = KFD_IOCTL_SVM_LOCATION_UNDEFINED;
}

static void summary_add(struct svm_summary *summary, const struct svm_attributes *a)
{
    struct svm_attributes *common = &summary->common;

    summary_add_location(&common->preferred_location, a->preferred_location, summary->first);
    summary_add_location(&common->prefetch_location, a->prefetch_location, summary->first);
    if (summary->first) {
        *common = *a;
        summary->flags_any = a->flags;
        summary->first = false;
        return;
    }
    common->flags &= a->flags;
    summary->flags_any |= a->flags;
    common->access &= a->access;
    common->access_in_place &= a->access_in_place;
    if (a->granularity < common->granularity)
        common->granularity = a->granularity;
}

static struct svm_summary summarize(const struct kfd_svm *svm, uint64_t start, uint64_t last)
{
    struct svm_summary summary = {.first = true};

    for (struct svm_range *range = first_in(svm, start, last); range && range->node.start <= last;
         range = range_of(range_map_next(&range->node)))
        summary_add(&summary, &range->attributes);
    if (summary.first)
        summary_add(&summary, &default_attributes);
    return summary;
}

static rw_status check_query(const struct kfd_ioctl_svm_args *args)
{
    for (uint32_t i = 0; i < args->nattr; i++)
        if (args->attrs[i].type > KFD_IOCTL_SVM_ATTR_GRANULARITY ||
            args->attrs[i].type == KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE ||
            args->attrs[i].type == KFD_IOCTL_SVM_ATTR_NO_ACCESS)
            return RW_FAIL(EINVAL, "SVM attribute %u cannot be asked for", args->attrs[i].type);
    return RW_OK;
}

/* The answer to "which access has this GPU" is in the attribute's type. */
static rw_status answer_access(struct kfd_process *process, const struct svm_attributes *common,
                               struct kfd_ioctl_svm_attribute *attribute)
{
    int index = pdd_index(process, attribute->value);

    if (index < 0)
        return kfd_unknown_gpu("SVM", attribute->value);
    if (common->access >> index & 1)
        attribute->type = KFD_IOCTL_SVM_ATTR_ACCESS;
    else if (common->access_in_place >> index & 1)
        attribute->type = KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE;
    else
        attribute->type = KFD_IOCTL_SVM_ATTR_NO_ACCESS;
    return RW_OK;
}

static rw_status answer(struct kfd_process *process, const struct svm_summary *summary,
                        struct kfd_ioctl_svm_attribute *attribute)
{
    switch (attribute->type) {
    case KFD_IOCTL_SVM_ATTR_PREFERRED_LOC:
        attribute->value = summary->common.preferred_location;
        break;
    case KFD_IOCTL_SVM_ATTR_PREFETCH_LOC:
        attribute->value = summary->common.prefetch_location;
        break;
    case KFD_IOCTL_SVM_ATTR_ACCESS:
        return answer_access(process, &summary->common, attribute);
    case KFD_IOCTL_SVM_ATTR_SET_FLAGS:
        attribute->value = summary->common.flags;
        break;
    case KFD_IOCTL_SVM_ATTR_CLR_FLAGS:
        attribute->value = ~summary->flags_any;
        break;
    case KFD_IOCTL_SVM_ATTR_GRANULARITY:
        attribute->value = summary->common.granularity;
        break;
    }
    return RW_OK;
}

static rw_status get_attributes(struct kfd_process *process, struct kfd_ioctl_svm_args *args)
{
    uint64_t start = args->start_addr, last = start + (args->size - 1);

    RW_TRY(check_range(process, start, args->size));
    RW_TRY(check_query(args));
    const struct svm_summary summary = summarize(&process->svm, start, last);
    for (uint32_t i = 0; i < args->nattr; i++)
        RW_TRY(answer(process, &summary, &args->attrs[i]));
    return RW_OK;
}

/* ---- the ioctls ---- */

static rw_status svm_locked(struct kfd_process *process, struct kfd_ioctl_svm_args *args)
{
    forget_unmapped(process);
    switch (args->op) {
    case KFD_IOCTL_SVM_OP_SET_ATTR:
        return set_attributes(process, args);
    case KFD_IOCTL_SVM_OP_GET_ATTR:
        return get_attributes(process, args);
    default:
        return RW_FAIL(EINVAL, "SVM operation %u", args->op);
    }
}

rw_status kfd_ioctl_svm(void *context, void *argument)
{
    const struct kfd_call *call = context;
    struct kfd_ioctl_svm_args *args = argument;
    uint64_t needed = sizeof *args + (uint64_t)args->nattr * sizeof args->attrs[0];

    RW_TRY(kfd_primary_only(call->process, "SVM"));
    if (_IOC_SIZE(call->request) < needed)
        return RW_FAIL(EINVAL, "%u SVM attributes do not fit into %u bytes", args->nattr,
                       (unsigned)_IOC_SIZE(call->request));
    if (((args->start_addr | args->size) & PAGE_MASK) || !args->start_addr || !args->size)
        return RW_FAIL(EINVAL, "SVM range %#llx + %#llx: give whole pages",
                       (unsigned long long)args->start_addr, (unsigned long long)args->size);
    pthread_mutex_lock(&call->process->mutex);
    rw_status status = svm_locked(call->process, args);
    pthread_mutex_unlock(&call->process->mutex);
    return status;
}

/* XNACK: recoverable page faults. GFX10 and later cannot have it, and one GPU decides for all. */
rw_status kfd_ioctl_set_xnack_mode(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    struct kfd_ioctl_set_xnack_mode_args *args = argument;
    rw_status status = RW_OK;

    pthread_mutex_lock(&process->mutex);
    if (args->xnack_enabled < 0)
        args->xnack_enabled = 0;
    else if (process->queues.count)
        status = RW_FAIL(EBUSY, "XNACK mode cannot change while the process has queues");
    else if (args->xnack_enabled)
        status = RW_FAIL(EPERM, "this GPU does not recover from page faults: XNACK stays off");
    pthread_mutex_unlock(&process->mutex);
    return status;
}
