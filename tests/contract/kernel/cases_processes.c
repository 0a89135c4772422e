/* SPDX-License-Identifier: MIT
 *
 * Devices across fork() and SCM_RIGHTS: /dev/kfd belongs to a process, a DRM file to whoever has
 * it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/contract/kernel/cases.h"
#include "tests/contract/kernel/sdma.h"
#include "tests/send_fd.h"

/* ---- /dev/kfd ---- */

static void use_parents_kfd(void *context)
{
    const struct session *s = context;
    struct kfd_ioctl_get_version_args version;
    struct buffer buffer;

    EXPECT(call(s->kfd, AMDKFD_IOC_GET_VERSION, &version), EBADF);
    EXPECT(buffer_alloc(s->kfd, s->gpu->id, va_at(0), PAGE, GTT, &buffer), EBADF);
    EXPECT(acquire(s->kfd, s->drm, s->gpu->id), EBADF);
}

void case_a_child_may_not_use_the_parents_kfd(void)
{
    struct session s = session_open(0);

    EXPECT(in_child(use_parents_kfd, &s), 0);
    EXPECT(acquire(s.kfd, s.drm, s.gpu->id), 0);
}

static void work_alone(void *context)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    struct buffer buffer = buffer_make(&s, va_at(1), PAGE, GTT);
    volatile uint32_t *view = buffer_mmap(s.drm, &buffer);

    (void)context;
    sdma_store(&queue, buffer.va, 1);
    sdma_submit(&queue);
    EXPECT_TRUE(word_becomes(view, 1));
}

void case_a_child_opens_devices_of_its_own(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    struct buffer buffer = buffer_make(&s, va_at(1), PAGE, GTT);
    volatile uint32_t *view = buffer_mmap(s.drm, &buffer);

    EXPECT(in_child(work_alone, NULL), 0);
    EXPECT(*view, 0); /* the same addresses, in another VM */
    sdma_store(&queue, buffer.va, 2);
    sdma_submit(&queue);
    EXPECT_TRUE(word_becomes(view, 2));
}

/* ---- the DRM file ---- */

struct shared {
    struct session session;
    uint32_t handle, other; /* of the parent */
    int channel[2];
};

static void use_parents_drm(void *context)
{
    struct shared *shared = context;
    int drm = shared->session.drm, fd;
    struct drm_prime_handle prime = {.handle = shared->handle, .flags = DRM_CLOEXEC, .fd = -1};
    uint32_t handle, again, *view;
    struct stat st;

    EXPECT(fstat(drm, &st), 0);
    EXPECT_TRUE(S_ISCHR(st.st_mode));
    EXPECT(major(st.st_rdev), 226);
    EXPECT(gem_close(drm, 4711), EINVAL);
    EXPECT(gem_create(drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &handle), 0);
    EXPECT(handle, shared->handle + 1);                                      /* one handle table */
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, handle, va_at(0), MIB(1)), EINVAL); /* one VM */
    view = gem_mmap(drm, shared->handle, MIB(1));
    EXPECT(view[5], 17);
    view[6] = 18;
    EXPECT(call(drm, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
    fd = prime.fd;
    EXPECT(lseek(fd, 0, SEEK_END), MIB(1));
    EXPECT(gem_import(drm, fd, &again), 0);
    EXPECT(again, shared->handle);
}

void case_a_child_works_on_the_parents_drm_file(void)
{
    struct shared shared = {.session = session_open(0)};
    int drm = shared.session.drm;
    uint32_t *view;

    EXPECT(gem_create(drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &shared.handle), 0);
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, shared.handle, va_at(0), MIB(1)), 0);
    view = gem_mmap(drm, shared.handle, MIB(1));
    view[5] = 17;
    EXPECT(in_child(use_parents_drm, &shared), 0);
    EXPECT(view[6], 18);
    EXPECT(gem_close(drm, shared.handle + 1), 0); /* the child's handle is the file's */
}

static void map_in_parents_vm(void *context)
{
    struct session *s = context;
    uint32_t handle, *view;

    EXPECT(gem_create(s->drm, MIB(1), AMDGPU_GEM_DOMAIN_VRAM, 0, &handle), 0);
    EXPECT(gem_va(s->drm, AMDGPU_VA_OP_MAP, handle, va_at(2), MIB(1)), 0);
    view = gem_mmap(s->drm, handle, MIB(1));
    view[0] = 4711;
}

void case_a_childs_mappings_are_seen_by_the_parents_queue(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    struct buffer buffer = buffer_make(&s, va_at(1), PAGE, GTT);
    volatile uint32_t *view = buffer_mmap(s.drm, &buffer);

    EXPECT(in_child(map_in_parents_vm, &s), 0);
    sdma_copy(&queue, buffer.va, va_at(2), 4);
    sdma_submit(&queue);
    EXPECT_TRUE(word_becomes(view, 4711));
}

static void list_parents_memory(void *context)
{
    struct shared *shared = context;
    struct drm_amdgpu_bo_list_entry entries[] = {{.bo_handle = shared->handle},
                                                 {.bo_handle = shared->other}};
    union drm_amdgpu_bo_list list = {.in = {.operation = AMDGPU_BO_LIST_OP_CREATE,
                                            .bo_number = 2,
                                            .bo_info_size = sizeof entries[0],
                                            .bo_info_ptr = (uintptr_t)entries}};

    EXPECT(call(shared->session.drm, DRM_IOCTL_AMDGPU_BO_LIST, &list), EPERM);
    list.in.bo_number = 1;
    EXPECT(call(shared->session.drm, DRM_IOCTL_AMDGPU_BO_LIST, &list), 0);
}

void case_host_memory_is_one_process_own(void)
{
    struct shared shared = {.session = session_open(0)};
    void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct drm_amdgpu_gem_userptr host = {.addr = (uintptr_t)memory,
                                          .size = PAGE,
                                          .flags = AMDGPU_GEM_USERPTR_REGISTER |
                                                   AMDGPU_GEM_USERPTR_VALIDATE};
    int fd;

    EXPECT(gem_create(shared.session.drm, PAGE, AMDGPU_GEM_DOMAIN_GTT, 0, &shared.handle), 0);
    EXPECT(call(shared.session.drm, DRM_IOCTL_AMDGPU_GEM_USERPTR, &host), 0);
    shared.other = host.handle;
    EXPECT(gem_export(shared.session.drm, host.handle, &fd), EPERM);
    EXPECT(in_child(list_parents_memory, &shared), 0);
}

/* ---- waiting ---- */

static void wait_for_signal(void *context)
{
    struct shared *shared = context;
    int drm = shared->session.drm;
    struct drm_syncobj_wait wait = {.handles = (uintptr_t)&shared->handle,
                                    .count_handles = 1,
                                    .timeout_nsec = INT64_MAX,
                                    .flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT};
    pid_t signaller = fork();

    if (signaller == 0) { /* a third process on the same file, while the second one waits */
        struct drm_syncobj_array array = {.handles = wait.handles, .count_handles = 1};

        usleep(10000);
        EXPECT(call(drm, DRM_IOCTL_SYNCOBJ_SIGNAL, &array), 0);
        _exit(0);
    }
    EXPECT(call(drm, DRM_IOCTL_SYNCOBJ_WAIT, &wait), 0);
    EXPECT(waitpid(signaller, NULL, 0), signaller);
}

void case_waits_of_one_process_end_by_signals_of_another(void)
{
    struct shared shared = {.session = {.gpu = gpu_at(0), .drm = render_open(0)}};
    struct drm_syncobj_create create = {0};
    struct drm_syncobj_array array = {.count_handles = 1};

    EXPECT(call(shared.session.drm, DRM_IOCTL_SYNCOBJ_CREATE, &create), 0);
    shared.handle = create.handle;
    array.handles = (uintptr_t)&create.handle;
    EXPECT(in_child(wait_for_signal, &shared), 0);
    EXPECT(call(shared.session.drm, DRM_IOCTL_SYNCOBJ_RESET, &array), 0);
}

/* ---- SCM_RIGHTS ---- */

static void acquire_what_comes(int channel)
{
    int kfd = kfd_open(), drm = -1, own;
    uint32_t handle;

    EXPECT(receive_fd(channel, &drm), 0);
    EXPECT(gem_create(drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &handle), 0);
    EXPECT(acquire(kfd, drm, gpu_at(0)->id), EINVAL); /* its VM is another process's already */
    own = render_open(0);
    EXPECT(acquire(kfd, own, gpu_at(0)->id), 0);
    EXPECT(acquire(kfd, drm, gpu_at(0)->id), EBUSY);
}

void case_a_passed_file_is_acquired_by_one_process(void)
{
    int channel[2], status;
    pid_t child;

    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), 0);
    child = fork();
    if (child == 0) { /* has opened nothing */
        acquire_what_comes(channel[1]);
        _exit(0);
    }
    struct session s = session_open(0);
    EXPECT(send_fd(channel[0], s.drm), 0);
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(status, 0);
    EXPECT(gem_close(s.drm, 1), 0); /* what the other process has made */
}
