/* SPDX-License-Identifier: MIT */
#include "kmt-shim/share.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "kmt-shim/counters.h"
#include "kmt-shim/events.h"
#include "kmt-shim/gpu.h"
#include "kmt-shim/next.h"
#include "kmt-shim/policy.h"
#include "kmt-shim/resident.h"

enum { PENDING_COUNT = 8, SETTLE_TRIES = 16 };

struct slot {
    int file;     /* our reference; number + 1, so that 0 is none */
    int thunk_fd; /* what the thunk was given of a file that it did not open; likewise */
    struct kmt_shim_vm vm;
    bool compute_alone; /* the thunk has a file that is not shared */
    bool told;          /* that there are two VMs */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot slots[GPU_COUNT_MAX];
static bool forked; /* in a child that has not looked at the slots yet */

/* Written under the lock; each has a reference of ours for good. */
static _Atomic(struct drm_file *) vm_files[GPU_COUNT_MAX], compute_files[GPU_COUNT_MAX];

/* Events, told once the lock is released. */
static struct pending {
    enum kmt_shim_event_kind kind;
    unsigned minor;
    char text[256];
} pending[PENDING_COUNT];
static unsigned pending_count;

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
    for (int fd = files_private_in(0, INT_MAX); fd >= 0; fd = files_private_in(0, INT_MAX)) {
        files_private_remove(fd);
        next_close(fd);
    }
    memset(slots, 0, sizeof slots);
    for (int i = 0; i < GPU_COUNT_MAX; i++) {
        atomic_store(&vm_files[i], NULL);
        atomic_store(&compute_files[i], NULL);
    }
    counters_fork_in_child();
}

/* Nothing is called here that another library may hold a lock for; the rest waits for the child's
 * first use. The parent's locks need not be taken before: the child drops what they guard. */
static void fork_in_child(void)
{
    pthread_mutex_init(&lock, NULL);
    policy_fork_in_child();
    files_fork_in_child();
    buffers_fork_in_child();
    events_fork_in_child();
    resident_fork_in_child();
    pending_count = 0;
    for (int i = 0; i < GPU_COUNT_MAX; i++) {
        atomic_store(&vm_files[i], NULL);
        atomic_store(&compute_files[i], NULL);
    }
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
    struct pending events[PENDING_COUNT];
    unsigned count = pending_count;

    memcpy(events, pending, count * sizeof *events);
    pending_count = 0;
    pthread_mutex_unlock(&lock);
    for (unsigned i = 0; i < count; i++)
        events_tell(events[i].kind, events[i].minor, 0, events[i].text);
}

static void slot_tell(const struct slot *slot, enum kmt_shim_event_kind kind, const char *text)
{
    struct pending *event = &pending[pending_count];

    if (pending_count == PENDING_COUNT)
        return;
    pending_count++;
    event->kind = kind;
    event->minor = slot ? slot_minor(slot) : 0;
    snprintf(event->text, sizeof event->text, "%s", text);
}

/* Two VMs from here on: told once for each GPU. */
static void slot_tell_apart(struct slot *slot, const char *why)
{
    if (slot->told)
        return;
    slot->told = true;
    counter_add(fallbacks, 1);
    slot_tell(slot, KMT_SHIM_EVENT_FALLBACK, why);
    rw_warn(shim, "renderD%u: graphics and compute have a VM each, use DMABufs between them: %s",
            slot_minor(slot), why);
}

/* ---- the shared file ---- */

static void remember(_Atomic(struct drm_file *) *place, struct drm_file *file)
{
    if (atomic_exchange(place, file) == file)
        files_put(file); /* had one already */
}

static rw_status slot_settle(struct slot *slot, int fd, enum kmt_shim_source source)
{
    struct drm_file *file = files_get(fd);
    int own;

    counter_add(shim_calls, 4);
    own = file ? private_fd_move(fcntl(fd, F_DUPFD_CLOEXEC, 0)) : -1;
    if (own < 0) {
        files_put(file);
        return file ? RW_FAIL(errno, "descriptor %d cannot be duplicated: %s", fd, strerror(errno))
                    : rw_status_quiet(EBADF);
    }
    if (!fd_is_of(own, slot_minor(slot))) { /* its owner closed it meanwhile */
        next_close(own);
        files_put(file);
        return rw_status_quiet(EBADF);
    }
    files_note_dup(fd, own);
    files_private_add(own);
    slot->file = own + 1;
    slot->vm.source = source;
    atomic_store(&file->shared, true);
    remember(&vm_files[slot - slots], file);
    slot_tell(slot, KMT_SHIM_EVENT_SETTLED, source_names[source]);
    rw_info(shim, "renderD%u: the VM is that of %s", slot_minor(slot), source_names[source]);
    return RW_OK;
}

/* The VM is not shared after all. */
static void slot_unsettle(struct slot *slot)
{
    struct drm_file *file = atomic_load(&vm_files[slot - slots]);

    files_private_remove(slot->file - 1);
    slot->file = 0;
    slot->vm.source = KMT_SHIM_NONE;
    if (file)
        atomic_store(&file->shared, false);
    atomic_store(&vm_files[slot - slots], NULL); /* readers may be in it: its reference stays */
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
    slot_unsettle(slot);
    return -1;
}

static void slot_settle_candidate(struct slot *slot)
{
    rw_status status;
    int fd;

    for (int i = 0; !slot->file && i < SETTLE_TRIES && (fd = files_choose(slot_minor(slot))) >= 0;
         i++) {
        status = policy_check();
        if (!rw_ok(status)) {
            slot_tell_apart(slot, rw_status_message(status, NULL));
            return;
        }
        /* On another thread the client may be closing this descriptor, as libdrm's clients do once
         * it has made one of its own: then the file has that one. */
        status = slot_settle(slot, fd, KMT_SHIM_GRAPHICS);
        if (!rw_ok(status) && status.err != EBADF) {
            slot_tell_apart(slot, strerror(status.err));
            return;
        }
    }
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

/* The thunk's or the shim's ACQUIRE_VM went through. */
static void slot_acquired(struct slot *slot, int fd, uint32_t gpu_id)
{
    struct drm_file *file = files_get(fd);

    counter_add(acquires, 1);
    slot->thunk_fd = 0;
    slot->vm.gpu_id = gpu_id;
    slot->vm.acquired = 1;
    if (file) {
        atomic_store(&file->acquired, true);
        remember(&compute_files[slot - slots], file);
    }
    slot_tell(slot, KMT_SHIM_EVENT_ACQUIRED, "compute uses the VM");
}

/* W13: before Linux 6.5 the KFD takes only a VM in which nothing was ever mapped. */
static void slot_acquire_early(struct slot *slot, int fd, enum kmt_shim_source source)
{
    struct kfd_ioctl_acquire_vm_args args = {
        .drm_fd = (uint32_t)fd,
        .gpu_id = gpu_id_of_minor(slot_minor(slot)),
    };
    int kfd = resident_kfd();

    if (slot->file || slot->vm.acquired || args.gpu_id == 0)
        return;
    counter_add(shim_calls, 1);
    if (kfd < 0 || next_ioctl(kfd, AMDKFD_IOC_ACQUIRE_VM, &args) != 0) {
        rw_warn(shim, "renderD%u: compute cannot acquire the VM early: %s", slot_minor(slot),
                strerror(errno));
        return;
    }
    if (rw_ok(slot_settle(slot, fd, source)))
        slot_acquired(slot, fd, args.gpu_id);
}

static int dup_for_open(struct slot *slot, int file, int flags, bool by_thunk)
{
    int fd = fcntl(file, flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);

    if (fd < 0)
        return fd;
    files_note_dup(file, fd);
    counter_add(shared_opens, 1);
    if (by_thunk && !slot->vm.acquired)
        slot->thunk_fd = fd + 1;
    return fd;
}

static int open_own(struct slot *slot, const char *path, int flags, bool by_thunk)
{
    int fd = next_openat(AT_FDCWD, path, flags, 0);

    if (fd < 0)
        return fd;
    counter_add(separate_opens, 1);
    files_note_open(fd, slot_minor(slot));
    if ((flags & O_ACCMODE) == O_RDWR && policy_acquires_early())
        slot_acquire_early(slot, fd, by_thunk ? KMT_SHIM_THUNK : KMT_SHIM_GRAPHICS);
    if (!by_thunk && slot->compute_alone)
        slot_tell_apart(slot, rw_status_message(policy_check(), NULL));
    if (by_thunk && !slot->file)
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

static rw_status slot_use(struct slot *slot)
{
    if (slot->told || slot_file(slot) < 0)
        return RW_OK;
    if (policy_wish() == KMT_SHIM_REQUIRE)
        return RW_FAIL(
            EBUSY,
            "renderD%u: a client's descriptor is another file than that of the shared VM (%s); "
            "open the node after compute has started, or import its descriptor before",
            slot_minor(slot), source_names[slot->vm.source]);
    slot_tell_apart(slot,
                    "a graphics client uses another file of the node, opened before or handed "
                    "over; kmt_shim_import_drm_fd() can name the one to share");
    return RW_OK;
}

bool share_may_use(struct drm_file *file)
{
    const struct drm_file *shared;
    rw_status status;

    if (!atomic_load_explicit(&file->used, memory_order_relaxed)) {
        /* An ACQUIRE_VM that is under way on another thread may have found the file unused. */
        slots_lock();
        atomic_store(&file->used, true);
        slots_unlock();
    }
    shared = share_vm_file(file->minor);
    if (!shared || shared == file || atomic_load(&file->separate))
        return true;
    slots_lock();
    status = slot_use(slot_of(file->minor));
    slots_unlock();
    if (rw_ok(status))
        return true;
    events_refuse(file->minor, "%s", rw_status_message(status, NULL));
    errno = status.err;
    return false;
}

struct drm_file *share_vm_file(unsigned minor)
{
    return gpu_is_minor(minor)
               ? atomic_load_explicit(&vm_files[minor - GPU_FIRST_MINOR], memory_order_acquire)
               : NULL;
}

struct drm_file *share_compute_file_of_minor(unsigned minor)
{
    return gpu_is_minor(minor)
               ? atomic_load_explicit(&compute_files[minor - GPU_FIRST_MINOR], memory_order_acquire)
               : NULL;
}

struct drm_file *share_compute_file(uint32_t gpu_id)
{
    unsigned minor;

    return gpu_minor_of_gpu_id(gpu_id, &minor) ? share_compute_file_of_minor(minor) : NULL;
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
    files_note_open(fd, slot_minor(slot));
    replaced = dup3(fd, (int)args->drm_fd, O_CLOEXEC) >= 0;
    if (replaced)
        files_note_dup(fd, (int)args->drm_fd);
    files_note_close(fd);
    next_close(fd);
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
    if (file >= 0) {
        slot_unsettle(slot);
        files_note_close(file);
        next_close(file);
    }
    slot->compute_alone = true;
    slot_tell_apart(slot, err == EINVAL ? "the kernel refused to share this VM (it is another "
                                          "process's, or the kernel is older than 6.5)"
                                        : strerror(err));
    return true;
}

static bool file_is_used(int fd)
{
    struct drm_file *file = files_get(fd);
    bool used = file && atomic_load(&file->used);

    files_put(file);
    return used;
}

/* A thunk that was not known as one when it opened the node (an interceptor in front of it, another
 * name) has a file of its own, which it has not used yet: a graphics client's that is in use takes
 * its place, under the number that the thunk knows. */
static void slot_adopt_graphics(struct slot *slot, int thunk_fd)
{
    int graphics = slot->file || slot->compute_alone ? -1 : files_choose(slot_minor(slot));

    if (graphics < 0 || !file_is_used(graphics) || file_is_used(thunk_fd) ||
        gpu_same_file(graphics, thunk_fd) != 0)
        return;
    slot_settle_candidate(slot);
    if (!slot->file || dup3(slot->file - 1, thunk_fd, O_CLOEXEC) < 0)
        return;
    files_note_dup(slot->file - 1, thunk_fd);
    slot->thunk_fd = thunk_fd + 1;
}

/* `err`: what the caller gets, as the kernel has it. */
static int refuse(const struct slot *slot, rw_status status, int err)
{
    counter_add(refusals, 1);
    slot_tell(slot, KMT_SHIM_EVENT_REFUSED, rw_status_message(status, NULL));
    rw_warn(shim, "ACQUIRE_VM: %s", rw_status_message(status, NULL));
    errno = err;
    return -1;
}

static int slot_acquire(struct slot *slot, int kfd_fd, struct kfd_ioctl_acquire_vm_args *args)
{
    rw_status status = check_device(args->gpu_id, slot_minor(slot));

    if (rw_ok(status)) {
        slot_adopt_graphics(slot, (int)args->drm_fd);
        status = check_acquired_file(slot, (int)args->drm_fd);
    }
    if (!rw_ok(status))
        return refuse(slot, status, status.err);
    if (next_ioctl(kfd_fd, AMDKFD_IOC_ACQUIRE_VM, args) != 0 && !fall_back(slot, kfd_fd, args)) {
        status = RW_FAIL(errno, "the kernel refuses the VM of renderD%u for GPU id %u: %s",
                         slot_minor(slot), args->gpu_id, strerror(errno));
        return refuse(slot, status, status.err);
    }
    if (!slot->file && !slot->compute_alone)
        slot_settle_thunk(slot, (int)args->drm_fd);
    slot_acquired(slot, (int)args->drm_fd, args->gpu_id);
    return 0;
}

/* A secondary context of the KFD needs a VM besides the shared one: when the thunk's open() gave
 * it the shared file, that is replaced by one of its own. */
static int slot_acquire_secondary(struct slot *slot, int kfd_fd,
                                  struct kfd_ioctl_acquire_vm_args *args)
{
    int file = slot_file(slot);

    if (file >= 0 && gpu_same_file((int)args->drm_fd, file) > 0)
        return acquire_own(slot, kfd_fd, args) ? 0 : -1;
    return next_ioctl(kfd_fd, AMDKFD_IOC_ACQUIRE_VM, args);
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
    if (rw_ok(status) && files_is_secondary_kfd(kfd_fd))
        result = slot_acquire_secondary(slot_of(minor), kfd_fd, args);
    else if (rw_ok(status))
        result = slot_acquire(slot_of(minor), kfd_fd, args);
    else
        result = refuse(NULL, status, EINVAL);
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

    status = policy_wish() == KMT_SHIM_OFF ? policy_check() : gpu_minor_of_fd(drm_fd, &minor);
    if (rw_ok(status) && gpu_id)
        status = check_device(gpu_id, minor);
    slots_lock();
    if (rw_ok(status))
        status = slot_import(slot_of(minor), drm_fd);
    if (!rw_ok(status)) {
        counter_add(refusals, 1);
        slot_tell(NULL, KMT_SHIM_EVENT_REFUSED, rw_status_message(status, NULL));
    }
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

rw_status share_file_fd(unsigned minor, int *out_fd)
{
    if (!gpu_is_minor(minor))
        return rw_status_quiet(ENOENT);
    slots_lock();
    *out_fd = slot_file(slot_of(minor));
    slots_unlock();
    return *out_fd < 0 ? rw_status_quiet(ENOENT) : RW_OK;
}

rw_status share_open_separate(unsigned minor, int *out_fd)
{
    struct drm_file *file;
    char path[32];
    int fd;

    if (!gpu_is_minor(minor))
        return RW_FAIL(EINVAL, "%u is not the number of a render node", minor);
    snprintf(path, sizeof path, "/dev/dri/renderD%u", minor);
    fd = next_openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return RW_FAIL(errno, "%s: %s", path, strerror(errno));
    counter_add(separate_opens, 1);
    files_note_open(fd, minor);
    file = files_get(fd);
    if (file)
        atomic_store(&file->separate, true);
    files_put(file);
    *out_fd = fd;
    return RW_OK;
}

rw_status share_set_policy(enum kmt_shim_policy policy)
{
    rw_status status = RW_OK;

    if ((unsigned)policy > KMT_SHIM_OFF)
        return RW_FAIL(EINVAL, "%d is no policy", (int)policy);
    slots_lock();
    for (int i = 0; i < GPU_COUNT_MAX && rw_ok(status); i++) {
        if (slots[i].file || slots[i].vm.acquired)
            status = RW_FAIL(EBUSY, "renderD%u: the VM is settled already", slot_minor(&slots[i]));
    }
    if (rw_ok(status))
        policy_set_wish(policy);
    slots_unlock();
    return status;
}

static __attribute__((constructor)) void share_start(void)
{
    pthread_atfork(NULL, NULL, fork_in_child);
}
