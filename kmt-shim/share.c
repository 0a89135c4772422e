/* SPDX-License-Identifier: MIT */
#include "kmt-shim/share.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "kmt-shim/gpu.h"
#include "kmt-shim/next.h"
#include "kmt-shim/policy.h"

enum { CANDIDATE_COUNT = 16 };

/* A descriptor of a graphics client: its own, which it may close at any time. */
struct candidate {
    int fd; /* number + 1, so that 0 is an empty place */
    bool used;
};

struct slot {
    int file;     /* our reference; number + 1, so that 0 is none */
    int thunk_fd; /* what the thunk was given of a file that it did not open; likewise */
    struct kmt_shim_vm vm;
    bool opened;        /* by this process, by path */
    bool compute_alone; /* the thunk has a file that is not shared */
    bool told;          /* that there are two VMs */
    struct candidate candidates[CANDIDATE_COUNT];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot slots[GPU_COUNT_MAX];
static struct kmt_shim_counters counters;
static bool forked; /* in a child that has not looked at the slots yet */

static const char *const source_names[] = {
    [KMT_SHIM_NONE] = "nobody",
    [KMT_SHIM_IMPORTED] = "the program's import",
    [KMT_SHIM_GRAPHICS] = "a graphics client",
    [KMT_SHIM_THUNK] = "the ROCm thunk",
};

static struct slot *slot_of(unsigned minor)
{
    return &slots[minor - GPU_FIRST_MINOR];
}

static unsigned slot_minor(const struct slot *slot)
{
    return GPU_FIRST_MINOR + (unsigned)(slot - slots);
}

static bool fd_is_of(int fd, unsigned minor)
{
    unsigned found;

    return fd >= 0 && gpu_minor_of_render_fd(fd, &found) && found == minor;
}

/* The parent's VMs are acquired for the parent; the child's compute needs files of its own. */
static void slots_forget(void)
{
    for (int i = 0; i < GPU_COUNT_MAX; i++) {
        if (slots[i].file && fd_is_of(slots[i].file - 1, slot_minor(&slots[i])))
            close(slots[i].file - 1);
    }
    memset(slots, 0, sizeof slots);
    memset(&counters, 0, sizeof counters);
}

/* Nothing is called here that another library may hold a lock for; the rest waits for the child's
 * first use. The parent's locks need not be taken before: the child drops what they guard. */
static void fork_in_child(void)
{
    pthread_mutex_init(&lock, NULL);
    policy_fork_in_child();
    forked = true;
}

static void slots_lock(void)
{
    pthread_mutex_lock(&lock);
    if (forked)
        slots_forget();
    forked = false;
}

static void slots_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

/* Two VMs from here on: told once for each GPU. */
static void slot_tell_apart(struct slot *slot, const char *why)
{
    if (slot->told)
        return;
    slot->told = true;
    counters.fallbacks++;
    rw_warn(shim, "renderD%u: graphics and compute have a VM each, use DMABufs between them: %s",
            slot_minor(slot), why);
}

/* ---- the graphics clients' descriptors ---- */

static void candidate_note(struct slot *slot, int fd, bool used)
{
    struct candidate *place = NULL;

    for (int i = 0; i < CANDIDATE_COUNT; i++) {
        struct candidate *at = &slot->candidates[i];
        if (at->fd == fd + 1) {
            at->used |= used;
            return;
        }
        if (!place && (at->fd == 0 || !fd_is_of(at->fd - 1, slot_minor(slot))))
            place = at;
    }
    if (place)
        *place = (struct candidate){fd + 1, used};
}

/* The client's descriptor to share: one in use before one that is only open. */
static int candidate_choose(const struct slot *slot)
{
    for (int used = 1; used >= 0; used--) {
        for (int i = 0; i < CANDIDATE_COUNT; i++) {
            const struct candidate *at = &slot->candidates[i];
            if (at->fd && at->used == used && fd_is_of(at->fd - 1, slot_minor(slot)))
                return at->fd - 1;
        }
    }
    return -1;
}

/* ---- the shared file ---- */

static rw_status slot_settle(struct slot *slot, int fd, enum kmt_shim_source source)
{
    int own = private_fd_move(fcntl(fd, F_DUPFD_CLOEXEC, 0));

    if (own < 0)
        return RW_FAIL(errno, "descriptor %d cannot be duplicated: %s", fd, strerror(errno));
    if (!fd_is_of(own, slot_minor(slot))) { /* its owner closed it meanwhile */
        close(own);
        return rw_status_quiet(EBADF);
    }
    slot->file = own + 1;
    slot->vm.source = source;
    rw_info(shim, "renderD%u: the VM is that of %s", slot_minor(slot), source_names[source]);
    return RW_OK;
}

/* The file, or -1. A program that closes descriptors which are not its own (closefrom) takes ours
 * too; the number may then be anything. */
static int slot_file(struct slot *slot)
{
    if (!slot->file)
        return -1;
    if (fd_is_of(slot->file - 1, slot_minor(slot)))
        return slot->file - 1;
    rw_warn(shim, "renderD%u: the program closed descriptor %d, the shim's reference of the VM",
            slot_minor(slot), slot->file - 1);
    slot->file = 0;
    slot->vm.source = KMT_SHIM_NONE;
    return -1;
}

static void slot_settle_candidate(struct slot *slot)
{
    int fd = candidate_choose(slot);
    rw_status status;

    if (slot->file || fd < 0)
        return;
    status = policy_check();
    if (rw_ok(status))
        status = slot_settle(slot, fd, KMT_SHIM_GRAPHICS);
    else
        slot_tell_apart(slot, rw_status_message(status, NULL));
}

/* The thunk has a file of its own: graphics clients that come later get it, where that is sound.
 * Where not, it is told once there is a graphics client. */
static void slot_settle_thunk(struct slot *slot, int fd)
{
    rw_status status = policy_check();

    slot->compute_alone = !rw_ok(status);
    if (rw_ok(status) && !rw_ok(status = slot_settle(slot, fd, KMT_SHIM_THUNK))) {
        slot->compute_alone = true;
        slot_tell_apart(slot, strerror(status.err));
    }
}

/* ---- the seam ---- */

static int dup_for_open(struct slot *slot, int file, int flags, bool by_thunk)
{
    int fd = fcntl(file, flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);

    if (fd < 0)
        return fd;
    counters.shared_opens++;
    if (by_thunk && !slot->vm.acquired)
        slot->thunk_fd = fd + 1;
    return fd;
}

static int open_own(struct slot *slot, const char *path, int flags, bool by_thunk)
{
    int fd = next_openat(AT_FDCWD, path, flags, 0);

    if (fd < 0)
        return fd;
    counters.separate_opens++;
    slot->opened = true;
    if (!by_thunk) {
        if (slot->compute_alone)
            slot_tell_apart(slot, rw_status_message(policy_check(), NULL));
        candidate_note(slot, fd, false);
        return fd;
    }
    if (!slot->file)
        slot_settle_thunk(slot, fd);
    return fd;
}

int share_open(unsigned minor, const char *path, int flags, bool by_thunk)
{
    struct slot *slot = slot_of(minor);
    int fd, file;

    slots_lock();
    if (by_thunk)
        slot_settle_candidate(slot);
    file = (flags & O_ACCMODE) == O_RDWR ? slot_file(slot) : -1;
    fd = file >= 0 ? dup_for_open(slot, file, flags, by_thunk)
                   : open_own(slot, path, flags, by_thunk);
    slots_unlock();
    return fd;
}

static rw_status slot_use(struct slot *slot, int fd)
{
    int file = slot_file(slot);

    if (file < 0) {
        if (slot->opened)
            candidate_note(slot, fd, true);
        return RW_OK;
    }
    if (slot->told || gpu_same_file(fd, file) != 0)
        return RW_OK;
    if (policy_wish() == KMT_SHIM_REQUIRE) {
        counters.refusals++;
        return RW_FAIL(EBUSY,
                       "renderD%u: descriptor %d is another file than that of the shared VM (%s); "
                       "open the node after compute has started, or import this descriptor before",
                       slot_minor(slot), fd, source_names[slot->vm.source]);
    }
    slot_tell_apart(slot,
                    "a graphics client uses another file of the node, opened before or handed "
                    "over; kmt_shim_import_drm_fd() can name the one to share");
    return RW_OK;
}

rw_status share_use(int fd)
{
    rw_status status;
    unsigned minor;

    if (!gpu_minor_of_render_fd(fd, &minor))
        return RW_OK;
    slots_lock();
    status = slot_use(slot_of(minor), fd);
    slots_unlock();
    return status;
}

/* W2. The kernel takes any amdgpu file for any GPU, with undefined results. */
static rw_status check_device(uint32_t gpu_id, unsigned minor)
{
    unsigned wanted;

    if (!gpu_minor_of_gpu_id(gpu_id, &wanted) || wanted == minor)
        return RW_OK;
    return RW_FAIL(EINVAL, "the descriptor is of renderD%u, but GPU id %u is renderD%u", minor,
                   gpu_id, wanted);
}

/* The file that the thunk brings, held against the settled one. */
static rw_status check_acquired_file(struct slot *slot, int fd)
{
    int file = slot_file(slot);

    if (file < 0 || gpu_same_file(fd, file) != 0)
        return RW_OK;
    if (policy_wish() == KMT_SHIM_REQUIRE)
        return RW_FAIL(EBUSY, "renderD%u: descriptor %d is another file than that of %s",
                       slot_minor(slot), fd, source_names[slot->vm.source]);
    slot_tell_apart(slot, "the ROCm thunk brought a file that it did not open by path");
    slot->compute_alone = true;
    return RW_OK;
}

/* The kernel refused the graphics side's file: the thunk gets one of its own under the number that
 * it knows. Nothing has been mapped through it before ACQUIRE_VM. */
static bool acquire_own(struct slot *slot, int kfd_fd, struct kfd_ioctl_acquire_vm_args *args)
{
    char path[32];
    bool replaced;
    int fd;

    snprintf(path, sizeof path, "/dev/dri/renderD%u", slot_minor(slot));
    fd = next_openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    replaced = dup3(fd, (int)args->drm_fd, O_CLOEXEC) >= 0;
    close(fd);
    return replaced && next_ioctl(kfd_fd, AMDKFD_IOC_ACQUIRE_VM, args) == 0;
}

/* False, with errno as it was, when the thunk's descriptor is not ours to replace. */
static bool fall_back(struct slot *slot, int kfd_fd, struct kfd_ioctl_acquire_vm_args *args)
{
    int err = errno, file = slot_file(slot);

    if (policy_wish() != KMT_SHIM_AUTO || slot->thunk_fd != (int)args->drm_fd + 1 ||
        !acquire_own(slot, kfd_fd, args)) {
        errno = err;
        return false;
    }
    if (file >= 0)
        close(file);
    slot->file = 0;
    slot->vm.source = KMT_SHIM_NONE;
    slot->compute_alone = true;
    slot_tell_apart(slot, err == EINVAL ? "the kernel refused to share this VM (it is another "
                                          "process's, or the kernel is older than 6.5)"
                                        : strerror(err));
    return true;
}

/* `err`: what the caller gets, as the kernel has it. */
static int refuse(rw_status status, int err)
{
    counters.refusals++;
    rw_warn(shim, "ACQUIRE_VM: %s", rw_status_message(status, NULL));
    errno = err;
    return -1;
}

static int slot_acquire(struct slot *slot, int kfd_fd, struct kfd_ioctl_acquire_vm_args *args)
{
    rw_status status = check_device(args->gpu_id, slot_minor(slot));

    if (rw_ok(status))
        status = check_acquired_file(slot, (int)args->drm_fd);
    if (!rw_ok(status))
        return refuse(status, status.err);
    if (next_ioctl(kfd_fd, AMDKFD_IOC_ACQUIRE_VM, args) != 0 && !fall_back(slot, kfd_fd, args)) {
        status = RW_FAIL(errno, "the kernel refuses the VM of renderD%u for GPU id %u: %s",
                         slot_minor(slot), args->gpu_id, strerror(errno));
        return refuse(status, status.err);
    }
    counters.acquires++;
    slot->thunk_fd = 0;
    slot->vm.gpu_id = args->gpu_id;
    slot->vm.acquired = 1;
    if (!slot->file && !slot->compute_alone)
        slot_settle_thunk(slot, (int)args->drm_fd);
    return 0;
}

int share_acquire(int kfd_fd, struct kfd_ioctl_acquire_vm_args *args)
{
    rw_status status;
    unsigned minor;
    int result;

    if (policy_wish() == KMT_SHIM_OFF)
        return next_ioctl(kfd_fd, AMDKFD_IOC_ACQUIRE_VM, args);
    status = gpu_minor_of_fd((int)args->drm_fd, &minor);
    slots_lock();
    if (rw_ok(status))
        result = slot_acquire(slot_of(minor), kfd_fd, args);
    else
        result = refuse(status, EINVAL);
    slots_unlock();
    return result;
}

/* ---- the program's side ---- */

static rw_status slot_import(struct slot *slot, int fd)
{
    int file = slot_file(slot);

    if (file >= 0 && gpu_same_file(fd, file) != 0)
        return RW_OK;
    if (file >= 0 || slot->vm.acquired)
        return RW_FAIL(EBUSY, "renderD%u: the VM is that of another file already (%s)",
                       slot_minor(slot), source_names[slot->vm.source]);
    RW_TRY(policy_check());
    return slot_settle(slot, fd, KMT_SHIM_IMPORTED);
}

rw_status share_import(uint32_t gpu_id, int drm_fd)
{
    rw_status status;
    unsigned minor;

    status = gpu_minor_of_fd(drm_fd, &minor);
    if (rw_ok(status) && gpu_id)
        status = check_device(gpu_id, minor);
    slots_lock();
    if (rw_ok(status))
        status = slot_import(slot_of(minor), drm_fd);
    counters.refusals += !rw_ok(status);
    slots_unlock();
    return status;
}

rw_status share_dup(unsigned minor, int *out_fd)
{
    rw_status status = RW_OK;
    int file;

    if (!gpu_is_minor(minor))
        return RW_FAIL(EINVAL, "%u is not the number of a render node", minor);
    slots_lock();
    file = slot_file(slot_of(minor));
    if (file < 0)
        status = rw_status_quiet(ENOENT);
    else if ((*out_fd = fcntl(file, F_DUPFD_CLOEXEC, 0)) < 0)
        status = RW_FAIL(errno, "renderD%u: %s", minor, strerror(errno));
    slots_unlock();
    return status;
}

rw_status share_query(unsigned minor, struct kmt_shim_vm *out_vm)
{
    if (!gpu_is_minor(minor))
        return RW_FAIL(EINVAL, "%u is not the number of a render node", minor);
    slots_lock();
    *out_vm = slot_of(minor)->vm;
    slots_unlock();
    return RW_OK;
}

void share_counters(struct kmt_shim_counters *out_counters)
{
    slots_lock();
    *out_counters = counters;
    slots_unlock();
}

static __attribute__((constructor)) void share_start(void)
{
    pthread_atfork(NULL, NULL, fork_in_child);
}
