/* SPDX-License-Identifier: MIT
 *
 * W1, W2, W3, W13, W14: whose file the VM is, for how long, and what happens where it is not to be
 * had.
 */
#include "tests/contract/weld/weld.h"
#include "tests/send_fd.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- W1 ---- */

static void case_import(void)
{
    int fd = node_open(NODE_A), shared, later;
    struct kmt_shim_vm vm;

    EXPECT(kmt_shim_import_drm_fd(0, fd), 0);
    EXPECT(kmt_shim_import_drm_fd(0, fd), 0);
    EXPECT(kmt_shim_vm_query(128, &vm), 0);
    EXPECT(vm.source, KMT_SHIM_IMPORTED);
    EXPECT(vm.acquired, 0);
    EXPECT(kmt_shim_vm_open(128, &shared), 0);
    EXPECT(same_file(fd, shared), true);
    later = node_open(NODE_A);
    EXPECT(same_file(fd, later), true);
    EXPECT(kmt_shim_vm_open(129, &shared), -ENOENT);
}

static void case_import_second_file(void)
{
    int fd = node_open(NODE_A), other = node_open(NODE_A);

    EXPECT(same_file(fd, other), false); /* without compute, opens are files of their own */
    EXPECT(kmt_shim_import_drm_fd(0, fd), 0);
    EXPECT(kmt_shim_import_drm_fd(0, dup(fd)), 0);
    EXPECT(kmt_shim_import_drm_fd(0, other), -EBUSY);
}

static void case_import_wrong(void)
{
    struct kmt_shim_counters before, after;
    int null = node_open("/dev/null"), closed = dup(0);

    close(closed);
    kmt_shim_counters_read(&before);
    EXPECT(kmt_shim_import_drm_fd(0, null), -EINVAL);
    EXPECT(kmt_shim_import_drm_fd(0, closed), -EBADF);
    EXPECT(kmt_shim_import_drm_fd(0, -1), -EBADF);
    kmt_shim_counters_read(&after);
    EXPECT(after.refusals - before.refusals, 3);
}

/* A thunk that brings a file of its own is not what was imported. */
static void case_acquire_other_file(void)
{
    int other = node_open(NODE_A), fd = node_open(NODE_A), kfd = node_open("/dev/kfd");
    bool require = kmt_shim_policy_get() == KMT_SHIM_REQUIRE;

    EXPECT(kmt_shim_import_drm_fd(0, fd), 0);
    EXPECT(acquire(kfd, other, gpu_id_of(0)), require ? EBUSY : 0);
}

/* The client's file is found by one descriptor, which the client closes before it can be
 * duplicated; the client goes on with another one. */
static void case_settle_closed(void)
{
    int *close_between = dlsym(RTLD_DEFAULT, "weld_close_between");
    int first = node_open(NODE_A), fd = dup(first), kfd, thunk;
    struct kmt_shim_vm vm;

    EXPECT(close_between != NULL, true);
    gem_make(fd, PAGE);
    kfd = node_open("/dev/kfd");
    thunk = node_open(NODE_A);
    *close_between = first;
    EXPECT(acquire(kfd, thunk, gpu_id_of(0)), 0);
    EXPECT(*close_between, -1);
    EXPECT(kmt_shim_vm_query(128, &vm), 0);
    EXPECT(vm.source, KMT_SHIM_GRAPHICS);
    EXPECT(same_file(fd, thunk), true);
}

static void case_acquire_wrong(void)
{
    int kfd = node_open("/dev/kfd"), null = node_open("/dev/null"), closed = dup(0);

    close(closed);
    EXPECT(acquire(kfd, null, gpu_id_of(0)), EINVAL);
    EXPECT(acquire(kfd, closed, gpu_id_of(0)), EINVAL);
}

/* A graphics client whose file came before the imported one keeps a VM of its own. */
static void case_use_other_file(void)
{
    int other = node_open(NODE_A), fd = node_open(NODE_A);
    amdgpu_device_handle device;
    uint32_t major, minor;
    int result;

    EXPECT(kmt_shim_import_drm_fd(0, fd), 0);
    result = amdgpu_device_initialize(other, &major, &minor, &device);
    EXPECT(result == 0, kmt_shim_policy_get() != KMT_SHIM_REQUIRE);
}

/* The distribution's thunk: opens the KFD and acquires a VM for each GPU. */
static int thunk_start(void)
{
    void *thunk = dlopen("libhsakmt.so.1", RTLD_NOW);
    int (*open_kfd)(void) = thunk ? (int (*)(void))dlsym(thunk, "hsaKmtOpenKFD") : NULL;

    if (!open_kfd) {
        printf("%s\n", dlerror());
        exit(1);
    }
    return open_kfd();
}

static void case_thunk_import(void)
{
    int fd = node_open(NODE_A), later;
    struct kmt_shim_vm vm;

    EXPECT(kmt_shim_import_drm_fd(gpu_id_of(0), fd), 0);
    EXPECT(thunk_start(), 0);
    EXPECT(kmt_shim_vm_query(128, &vm), 0);
    EXPECT(vm.source, KMT_SHIM_IMPORTED);
    EXPECT(vm.acquired, 1);
    EXPECT(kmt_shim_vm_query(129, &vm), 0);
    EXPECT(vm.source, KMT_SHIM_THUNK);
    EXPECT(vm.acquired, 1);
    later = node_open(NODE_A);
    EXPECT(same_file(fd, later), true);
}

/* ---- a file that another process has acquired ---- */

static void owner_of_file(int socket)
{
    struct compute compute;
    char byte;

    compute_start(&compute, 0);
    EXPECT(send_fd(socket, compute.drm), 0);
    EXPECT(read(socket, &byte, 1), 0); /* until the other is done */
    _exit(0);
}

static void case_foreign_file(void)
{
    int sockets[2], fd = -1, kfd, status;
    struct kmt_shim_vm vm;
    pid_t child;

    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    child = fork();
    if (child == 0) {
        close(sockets[0]);
        owner_of_file(sockets[1]);
    }
    close(sockets[1]);
    EXPECT(receive_fd(sockets[0], &fd), 0);
    kfd = node_open("/dev/kfd");
    EXPECT(acquire(kfd, fd, gpu_id_of(0)), EINVAL);
    EXPECT(kmt_shim_vm_query(128, &vm), 0);
    EXPECT(vm.acquired, 0);
    close(sockets[0]);
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(status, 0);
}

/* ---- W14: with a kernel that refuses the first VM (refuse_vm.c) ---- */

static void case_refused_vm(void)
{
    bool require = kmt_shim_policy_get() == KMT_SHIM_REQUIRE;
    int fd = node_open(NODE_A), later;
    struct kmt_shim_counters counters;
    struct kmt_shim_vm vm;

    graphics_start(fd);
    EXPECT(thunk_start() == 0, !require);
    kmt_shim_counters_read(&counters);
    EXPECT(counters.fallbacks, !require);
    if (require)
        return;
    EXPECT(kmt_shim_vm_query(128, &vm), 0);
    EXPECT(vm.source, KMT_SHIM_NONE);
    EXPECT(vm.acquired, 1);
    later = node_open(NODE_A);
    EXPECT(same_file(fd, later), false);
    EXPECT(kmt_shim_import_drm_fd(0, fd), -EBUSY); /* too late */
}

/* ---- W2 ---- */

static void case_other_gpu(void)
{
    int a = node_open(NODE_A), b = node_open(NODE_B), kfd = node_open("/dev/kfd");

    EXPECT(kmt_shim_import_drm_fd(gpu_id_of(0), b), -EINVAL);
    EXPECT(kmt_shim_import_drm_fd(gpu_id_of(1), b), 0);
    EXPECT(acquire(kfd, b, gpu_id_of(0)), EINVAL);
    EXPECT(acquire(kfd, a, gpu_id_of(0)), 0);
    EXPECT(acquire(kfd, b, gpu_id_of(1)), 0);
}

/* ---- W3 ---- */

static void case_close_early(void)
{
    int fd = node_open(NODE_A), kfd = node_open("/dev/kfd"), shared, later;
    struct kmt_shim_vm vm;

    EXPECT(kmt_shim_import_drm_fd(0, fd), 0);
    close(fd);
    EXPECT(kmt_shim_vm_open(128, &shared), 0);
    EXPECT(acquire(kfd, shared, gpu_id_of(0)), 0);
    close(shared);
    later = node_open(NODE_A);
    EXPECT(acquire(kfd, later, gpu_id_of(0)), 0); /* EBUSY were it another file */
    EXPECT(kmt_shim_vm_query(128, &vm), 0);
    EXPECT(vm.acquired, 1);
    EXPECT(vm.gpu_id, gpu_id_of(0));
}

/* The child's compute must not get the parent's VM, which is acquired already. */
static void child_of_fork(int parents)
{
    struct kmt_shim_vm vm;
    int own, kfd;

    EXPECT(kmt_shim_vm_query(128, &vm), 0);
    EXPECT(vm.source, KMT_SHIM_NONE);
    own = node_open(NODE_A);
    EXPECT(same_file(own, parents), false);
    kfd = node_open("/dev/kfd");
    EXPECT(acquire(kfd, own, gpu_id_of(0)), 0);
    exit(0);
}

static void case_fork(void)
{
    int fd = node_open(NODE_A), kfd = node_open("/dev/kfd"), status, later;
    pid_t child;

    EXPECT(kmt_shim_import_drm_fd(0, fd), 0);
    EXPECT(acquire(kfd, fd, gpu_id_of(0)), 0);
    fflush(stdout);
    child = fork();
    if (child == 0)
        child_of_fork(fd);
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(status, 0);
    later = node_open(NODE_A);
    EXPECT(same_file(fd, later), true);
}

/* A program without compute keeps nothing alive: every descriptor that it closes is closed. */
static void case_graphics_only(void)
{
    struct kmt_shim_counters counters;
    int first_free = dup(0);

    close(first_free);
    for (int i = 0; i < 1000; i++) {
        int fd = node_open(NODE_A);
        EXPECT(amdgpu_device_deinitialize(graphics_start(fd)), 0);
        close(fd);
    }
    EXPECT(dup(0), first_free);
    kmt_shim_counters_read(&counters);
    EXPECT(counters.shared_opens, 0);
    EXPECT(counters.separate_opens, 1000);
}

/* ---- W13 ---- */

static void case_old_kernel(void)
{
    bool require = kmt_shim_policy_get() == KMT_SHIM_REQUIRE;
    int fd = node_open(NODE_A);

    EXPECT(kmt_shim_import_drm_fd(0, fd), require ? 0 : -ENOTSUP);
}

/* Required, compute's VM is acquired when a node is opened, before graphics maps anything. */
static void case_old_kernel_early(void)
{
    bool require = kmt_shim_policy_get() == KMT_SHIM_REQUIRE;
    int fd = node_open(NODE_A), later;
    struct compute compute;
    struct kmt_shim_vm vm;
    uint32_t gem = gem_make(fd, PAGE);
    uint64_t address = reserve(PAGE), handle;

    EXPECT(gem_va(fd, AMDGPU_VA_OP_MAP, gem, address, PAGE, 0), 0);
    EXPECT(kmt_shim_vm_query(128, &vm), 0);
    EXPECT(vm.acquired, require);
    later = node_open(NODE_A);
    EXPECT(same_file(fd, later), require);
    compute_start_with(&compute, 0, later);
    /* one VM: what graphics has mapped is in compute's way */
    EXPECT(kfd_alloc(&compute, address, PAGE, GTT, &handle), 0);
    EXPECT(kfd_map(&compute, handle), require ? EINVAL : 0);
}

const struct weld_case vm_cases[] = {
    {"import", case_import},
    {"import-second-file", case_import_second_file},
    {"import-wrong", case_import_wrong},
    {"acquire-other-file", case_acquire_other_file},
    {"acquire-wrong", case_acquire_wrong},
    {"settle-closed", case_settle_closed},
    {"use-other-file", case_use_other_file},
    {"thunk-import", case_thunk_import},
    {"refused-vm", case_refused_vm},
    {"other-gpu", case_other_gpu},
    {"close-early", case_close_early},
    {"fork", case_fork},
    {"graphics-only", case_graphics_only},
    {"foreign-file", case_foreign_file},
    {"old-kernel", case_old_kernel},
    {"old-kernel-early", case_old_kernel_early},
    {NULL, NULL},
};
